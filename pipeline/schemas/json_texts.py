"""The texts inside any JSON value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from .fields import MAX_NAME

Text: TypeAlias = tuple[str, str]
"""A path, such as ``messages[2].content[0].text``, and the text that stands there."""


def strings_in(path: str, value: Any, *, names: bool = True) -> Iterator[Text]:
    """Yield (path, text) of every string inside a JSON value and, of objects, every name: a schema says much by them.

    Args:
        names: False leaves the names out.
    """
    rest = [(path, value)]
    while rest:
        path, value = rest.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, list):
            rest += [(f"{path}[{index}]", value[index]) for index in reversed(range(len(value)))]
        elif isinstance(value, dict):
            for name in reversed(value):
                inside = below(path, name)
                rest.append((inside, value[name]))
                if names:
                    rest.append((inside, name))


def below(path: str, name: str) -> str:
    """Return the path of a field of any name. It grows no further once it is long: a body may have many long names."""
    return path if len(path) > MAX_NAME else f"{path}.{name[:MAX_NAME]}"

"""Hold values to the types of an official client: they are typed dictionaries, which nobody checks at run time."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Required, Union, get_args, get_origin

from typing_extensions import get_type_hints, is_typeddict


def complaints(value: object, wanted: Any, path: str = "") -> list[str]:
    """Return where a value is not of a type: what is missing, unknown or of another type. None is right if empty."""
    origin = get_origin(wanted)
    if origin in (Union, types.UnionType):
        found = [complaints(value, option, path) for option in get_args(wanted)]
        return min(found, key=_depth)
    if is_typeddict(wanted):
        return _of_dictionary(value, wanted, path)
    if origin is Literal:
        return [] if value in get_args(wanted) else [f"{path}: {value!r} is none of {get_args(wanted)}"]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return [] if isinstance(value, dict) else [f"{path}: {value!r} is no object"]
    if wanted is object or wanted is Any:
        return []
    if (isinstance(origin, type) and issubclass(origin, Iterable)) or getattr(
        origin, "__name__", ""
    ) == "SequenceNotStr":
        if not isinstance(value, Sequence) or isinstance(value, str):
            return [f"{path}: {value!r} is no list"]
        inner = get_args(wanted)[0]
        return [found for place, entry in enumerate(value) for found in complaints(entry, inner, f"{path}[{place}]")]
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return []
    good = wanted is type(value) or (wanted is type(None) and value is None)
    return [] if good or not isinstance(wanted, type) else [f"{path}: {value!r} is no {wanted.__name__}"]


def _of_dictionary(value: object, wanted: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no object"]
    # The class itself does not know what it requires: its annotations are text until now.
    marked = get_type_hints(wanted, include_extras=True)
    needed = {name for name, hint in marked.items() if get_origin(hint) is Required}
    hints = get_type_hints(wanted)
    found = [f"{path}.{name} is missing" for name in needed - value.keys()]
    found += [f"{path}.{name} is unknown" for name in value.keys() - hints.keys()]
    for name, entry in value.items():
        if name in hints:
            found += complaints(entry, hints[name], f"{path}.{name}")
    return found


def _depth(found: list[str]) -> tuple[int, int]:
    """Order the complaints of a union's options: the right one has none, the likely one complains deep inside."""
    return (len(found) > 0, -max((len(text.partition(":")[0]) for text in found), default=0))

"""Requests from templates: JSON with ``{{name}}`` where a value of the request goes. Nothing in it is a program.

A text that is one placeholder and nothing else becomes the value, whatever its type; a value that the request lacks
takes its key with it. Inside a longer text a value is written as text, and one that is lacking as nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

VARIABLES = frozenset(
    {
        "api_key",
        "last_user",
        "max_tokens",
        "messages",
        "model",
        "prompt",
        "request_id",
        "seed",
        "stop",
        "stream",
        "system",
        "temperature",
        "top_k",
        "top_p",
        "user",
    }
)
_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]+)\s*\}\}")
_LACKING = object()


def variables_in(template: object) -> Iterator[str]:
    """Yield the names of the placeholders of a template."""
    if isinstance(template, str):
        yield from _PLACEHOLDER.findall(template)
    elif isinstance(template, Mapping):
        for value in template.values():
            yield from variables_in(value)
    elif isinstance(template, list | tuple):
        for value in template:
            yield from variables_in(value)


def filled(template: Any, values: Mapping[str, object]) -> Any:
    """Return a template with these values in it."""
    made = _filled(template, values)
    return None if made is _LACKING else made


def filled_text(template: str, values: Mapping[str, object]) -> str:
    """Return a text with these values in it, as texts."""
    return _PLACEHOLDER.sub(lambda found: _as_text(values.get(found[1])), template)


def _filled(template: object, values: Mapping[str, object]) -> object:
    if isinstance(template, str):
        whole = _PLACEHOLDER.fullmatch(template.strip())
        if whole is None:
            return filled_text(template, values)
        value = values.get(whole[1])
        return _LACKING if value is None else value
    if isinstance(template, Mapping):
        pairs = ((name, _filled(value, values)) for name, value in template.items())
        return {name: value for name, value in pairs if value is not _LACKING}
    if isinstance(template, list | tuple):
        return [value for value in (_filled(each, values) for each in template) if value is not _LACKING]
    return template


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()

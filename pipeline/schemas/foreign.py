"""The texts of a request in places that its own API does not know.

Other providers take more: thoughts in a message, parts of their own, templates and documents at the top level. All of
that goes on to them, so all of it may reach a model.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from .chat import ChatRequest
from .content import KNOWN_PARTS, Part
from .fields import MAX_NAME, attributes
from .json_texts import Text, below, strings_in
from .messages import KNOWN_BLOCKS, ContentBlock
from .texts import TypedRequest

_PLAIN_MESSAGE = frozenset({"role", "content", "name"})
_PLAIN_PART = frozenset({"type", "text"})
_READ_OF_PARTS = ("text", "refusal")
_DATA = re.compile(r"(?:data:[^,\s]{0,100};base64,)?[A-Za-z0-9+/]*={0,2}")
LONG = 256
"""Characters from which on one word of base64 is data: an image of some provider's own kind."""


def foreign_names(typed: TypedRequest, fields: Mapping[str, Any]) -> list[str]:
    """Return the names at the top level that the API does not know."""
    known = typed.__struct_encode_fields__
    return [name for name in fields if name not in known]


def foreign_texts(typed: TypedRequest, values: Mapping[str, Any]) -> Iterator[Text]:
    """Yield (path, text) of every string and name in places that the structs do not have, data in base64 left out.

    Args:
        typed: The request.
        values: Decoded fields of the same request: those to look into.
    """
    for path, text in _foreign(typed, values):
        if len(text) < LONG or _DATA.fullmatch(text) is None:
            yield path, text


def _foreign(typed: TypedRequest, values: Mapping[str, Any]) -> Iterator[Text]:
    known = attributes(type(typed))
    for name, value in values.items():
        if name not in known:
            yield from strings_in(name[:MAX_NAME], value)
        elif name == "messages" and isinstance(typed, ChatRequest):
            for index, (message, raw) in enumerate(zip(typed.messages, value, strict=True)):
                # Most messages have nothing to look into.
                if not raw.keys() <= _PLAIN_MESSAGE or not isinstance(message.content, str):
                    yield from _beyond(f"messages[{index}]", message, raw)
        else:
            yield from _beyond(name, getattr(typed, known[name]), value)


def _beyond(path: str, typed: object, raw: Any) -> Iterator[Text]:
    """Yield the texts that a typed value leaves out, walking it and its JSON side by side."""
    if isinstance(typed, list):
        for index, item in enumerate(typed):
            yield from _beyond(f"{path}[{index}]", item, raw[index])
    elif isinstance(typed, msgspec.Struct):
        places = attributes(type(typed))
        known: Container[str] = places
        if isinstance(typed, Part):
            if raw.keys() <= _PLAIN_PART and isinstance(typed.text, str):
                return
            if typed.type not in KNOWN_PARTS:
                known = _read_of(typed, _READ_OF_PARTS)
        elif isinstance(typed, ContentBlock):
            if raw.keys() <= _PLAIN_PART and isinstance(typed.text, str):
                return
            if typed.type not in KNOWN_BLOCKS:
                known = _read_of(typed, places)
        for name, value in raw.items():
            if name in known:
                yield from _beyond(f"{path}.{name}", getattr(typed, places[name]), value)
            else:
                yield from strings_in(below(path, name), value)


def _read_of(part: Part | ContentBlock, names: Iterable[str]) -> frozenset[str]:
    """Return the fields of a provider's own part that are read already; the rest of its shape is the provider's."""
    return frozenset({"type", *(name for name in names if getattr(part, name) is not None)})

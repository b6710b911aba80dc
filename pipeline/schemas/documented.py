"""Fields that a request has and the OpenAI API does not document."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import msgspec

from ..errors import InvalidRequest
from .decode import decode_whole
from .explain import SHOWN
from .fields import attributes
from .responses import is_openais_own
from .texts import TypedRequest


def refuse_undocumented(typed: TypedRequest, body: bytes) -> None:
    """Raise InvalidRequest for the first field, at any depth, that has no place in the structs.

    It also does where the body as a whole cannot be decoded, such as for a number that is out of range.

    Args:
        typed: The request.
        body: The bytes that it was made from.
    """
    for path, name, known in _undocumented("", typed, decode_whole(body)):
        if len(name) > SHOWN:
            path = f"{path.removesuffix(name)}{name[:SHOWN]}..."
        near = get_close_matches(name[:SHOWN], known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InvalidRequest(f"{path}: the API has no such field{hint}", param=path, code="unknown_parameter")


def _undocumented(path: str, typed: object, raw: Any) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield (path, name, the names known there), walking a typed value and its JSON side by side."""
    if isinstance(typed, msgspec.Struct):
        if is_openais_own(typed):
            return
        known = typed.__struct_encode_fields__
        places = attributes(type(typed))
        prefix = f"{path}." if path else ""
        for name, value in raw.items():
            if name not in known:
                yield f"{prefix}{name}", name, known
            else:
                yield from _undocumented(f"{prefix}{name}", getattr(typed, places[name]), value)
    elif isinstance(typed, list):
        for index, item in enumerate(typed):
            yield from _undocumented(f"{path}[{index}]", item, raw[index])

"""What a caller wants its spending told apart by: ``x-sluicegate-tags``, and ``metadata.tags`` of the body.

The header is the gateway's own, so what is wrong with it is refused. The metadata belongs to the provider's API, which
allows what it likes there: of that, what can be a tag is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from .errors import InvalidRequest

if TYPE_CHECKING:
    from .request import Request

TAGS = "x-sluicegate-tags"
MAX_TAGS = 10
MAX_TAG = 64
"""Characters."""
_TAG = re.compile(rf"[\x21-\x2b\x2d-\x7e]{{1,{MAX_TAG}}}")


class _Tagged(msgspec.Struct):
    """As much of a body's ``metadata`` as is read here."""

    tags: msgspec.Raw = msgspec.Raw(b"null")


_TAGGED = msgspec.json.Decoder(_Tagged)
_TEXTS = msgspec.json.Decoder(str | list[str])


def tags_in(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the tags of a request's headers: separated by commas, each once, in order.

    Raises:
        InvalidRequest: There are too many, or one is too long or not of visible ASCII.
    """
    given = headers.get(TAGS)
    if given is None:
        return ()
    tags = _each(given)
    if len(tags) > MAX_TAGS:
        raise InvalidRequest(f"header {TAGS} has {len(tags)} tags, limit {MAX_TAGS}", param=TAGS)
    if not all(map(_TAG.fullmatch, tags)):
        told = f"header {TAGS} takes tags of 1 to {MAX_TAG} visible ASCII characters, with commas between them"
        raise InvalidRequest(told, param=TAGS)
    return tags


def tags_of(request: Request) -> tuple[str, ...]:
    """Return all tags of a request: those of its header, then those of its metadata, as far as there is room."""
    metadata = request.fields.get("metadata")
    if metadata is None:
        return request.tags
    try:
        given = _TEXTS.decode(_TAGGED.decode(metadata).tags)
    except (msgspec.DecodeError, RecursionError):
        return request.tags
    more = _each(given) if isinstance(given, str) else given
    return tuple(dict.fromkeys([*request.tags, *filter(_TAG.fullmatch, more)]))[:MAX_TAGS]


def _each(text: str) -> tuple[str, ...]:
    parts = [part.strip(" \t") for part in text.split(",")]
    return tuple(dict.fromkeys([part for part in parts if part]))

"""What each voice can say, and the words that all of them use."""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

CREATED = 1_767_225_600
"""All answers are of the same second, 2026-01-01T00:00:00Z."""
PROMPT_TOKENS = 8
"""Of every request."""
_TEXT = "the water of this river runs over a weir and under a gate, then slowly down through reeds to a lake"
WORDS = tuple(_TEXT.split())
SEQUENCE = b"#sequence"
"""Stands, within quotes, in an event for its number in the stream."""

json = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class Parts:
    """A stream's events before HTTP's framing.

    Attributes:
        opening: What comes with the first token.
        words: The events of the first tokens; later ones repeat all of these but the first.
        ending: What comes with the last token.
    """

    opening: list[bytes]
    words: list[bytes]
    ending: list[bytes]


class Voice(Hashable, Protocol):
    """One API's way to answer with text.

    Attributes:
        media_type: Of its streams.
    """

    media_type: bytes

    def whole(self, model: str, tokens: int) -> Any:
        """Return an answer of so many tokens, to be written as JSON."""
        ...

    def stream(self, model: str, tokens: int, *, usage: bool) -> Parts:
        """Return a stream of so many tokens.

        Args:
            model: As asked for.
            tokens: How many there are.
            usage: Whether it was asked that tokens be told, where an API tells them only then.
        """
        ...

    def error(self, status: int, message: str, kind: str) -> Any:
        """Return what an error's body says, to be written as JSON."""
        ...


def token(place: int) -> str:
    """Return the token at a place in the text."""
    word = WORDS[place % len(WORDS)]
    return f" {word}" if place else word


def text(tokens: int) -> str:
    """Return a text of so many tokens."""
    return "".join(map(token, range(tokens)))


def first_tokens() -> list[str]:
    """Return as many tokens as make `Parts.words`."""
    return [token(place) for place in range(len(WORDS) + 1)]


def sse(fields: Any, name: str = "") -> bytes:
    """Return an event."""
    data = fields if isinstance(fields, bytes) else json(fields)
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data) if name else b"data: %b\n\n" % data


def vector(dimensions: int) -> list[float]:
    """Return the one embedding there is."""
    return [round((place % 17 - 8) / 100, 2) for place in range(dimensions)]


def packed(dimensions: int) -> str:
    """Return the same as base64 of little-endian floats."""
    return b64encode(struct.pack(f"<{dimensions}f", *vector(dimensions))).decode()

"""What is sent to the gateway as a file: kept outside of memory, read in pieces, and as often as there are attempts."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import AsyncGenerator, Sequence
from typing import NamedTuple, Protocol

PIECE = 64 * 1024
"""Bytes that are read of a file at once."""
TRIPLES = PIECE // 4 * 3
"""The same, where they become base64: a multiple of three, so that nothing is padded in the middle."""


class Upload(Protocol):
    """The bytes of one request's files, or of its body, for as long as its exchange lives."""

    @property
    def size(self) -> int:
        """How many bytes there are."""
        ...

    async def read(self, start: int, size: int) -> bytes:
        """Return ``size`` bytes from ``start`` on. A checkpoint where they are not in memory.

        Raises:
            GatewayError: They cannot be read.
        """
        ...

    def close(self) -> None:
        """Let go of them. Safe to call twice."""
        ...


class Source(Protocol):
    """The body of a request to an upstream: it can be told how long it is, and be sent as often as is needed."""

    @property
    def size(self) -> int:
        """How many bytes it has."""
        ...

    def pieces(self) -> AsyncGenerator[bytes, None]:
        """Return its bytes from the beginning, in order. Iterating is a checkpoint at times."""
        ...


class Extent(NamedTuple):
    """A stretch of an upload, in bytes."""

    upload: Upload
    start: int
    size: int


class Base64(NamedTuple):
    """The same, to be written in base64: https://www.rfc-editor.org/rfc/rfc4648#section-4."""

    extent: Extent

    @property
    def size(self) -> int:
        """How many bytes that makes."""
        return -(-self.extent.size // 3) * 4


class SentFile(NamedTuple):
    """One file of a form.

    Attributes:
        field: The name of its field in the form, without brackets.
        filename: As the caller gave it; never a path to open here.
        media_type: As the caller gave it; empty where it gave none.
        extent: Its bytes.
    """

    field: str
    filename: str
    media_type: str
    extent: Extent


class Joined:
    """Bytes and stretches of uploads, one behind the other.

    Args:
        parts: In order.

    Attributes:
        size: How many bytes they have together.
    """

    def __init__(self, parts: Sequence[bytes | Extent | Base64]) -> None:
        self._parts = tuple(parts)
        self.size = sum(len(part) if isinstance(part, bytes) else part.size for part in self._parts)

    def __repr__(self) -> str:
        return f"<Joined {self.size} bytes>"

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from the beginning, at most PIECE of a file at once."""
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
                continue
            encoded = isinstance(part, Base64)
            extent, most = (part.extent, TRIPLES) if isinstance(part, Base64) else (part, PIECE)
            start, end = extent.start, extent.start + extent.size
            while start < end:
                piece = await extent.upload.read(start, min(most, end - start))
                start += len(piece)
                yield b2a_base64(piece, newline=False) if encoded else piece

"""What is sent to the gateway as a file: kept outside of memory, read in pieces, and as often as there are attempts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import NamedTuple, Protocol

PIECE = 64 * 1024
"""Bytes that are read of a file at once."""


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

    def __init__(self, parts: Sequence[bytes | Extent]) -> None:
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
            start, end = part.start, part.start + part.size
            while start < end:
                piece = await part.upload.read(start, min(PIECE, end - start))
                start += len(piece)
                yield piece

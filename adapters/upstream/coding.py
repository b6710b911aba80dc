"""Content codings of answers, undone in small pieces: what unpacks to a huge body never stands in memory whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from sluicegate.pipeline.errors import UpstreamError

ACCEPTED = "gzip"
"""What to ask for. ``deflate`` is understood too, but servers disagree on what it is."""
PIECE = 64 * 1024
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


class Inflate:
    """gzip and zlib, of one member or several in a row."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._begun = False

    @property
    def complete(self) -> bool:
        """Whether the last member that began has ended."""
        return self._inflate.eof or not self._begun

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what these bytes unpack to."""
        while data:
            if self._inflate.eof:
                self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
            self._begun = True
            try:
                piece = self._inflate.decompress(data, PIECE)
            except zlib.error as error:
                raise UpstreamError(f"the answer of {self._source} says that it is compressed, but is not") from error
            data = self._inflate.unconsumed_tail or self._inflate.unused_data
            if piece:
                yield piece
        yield from self._held_back()

    def _held_back(self) -> Iterator[bytes]:
        """Yield what zlib has unpacked but not yet handed out for want of room."""
        while not self._inflate.eof and (piece := self._inflate.decompress(b"", PIECE)):
            yield piece


def decoder_for(content_encoding: str, source: str) -> Inflate | None:
    """Return what undoes a ``content-encoding``, or None where there is nothing to undo.

    Raises:
        UpstreamError: It is none that was asked for.
    """
    coding = content_encoding.strip().lower()
    if coding in ("", "identity"):
        return None
    if coding in ("gzip", "x-gzip", "deflate"):
        return Inflate(source)
    raise UpstreamError(f"the answer of {source} is encoded as {coding[:40]!r}, which was not asked for")

"""Content codings of request bodies, undone in small pieces: limits hold for what a body unpacks to.

https://www.rfc-editor.org/rfc/rfc9110#section-8.4
"""

from __future__ import annotations

from collections.abc import Iterator

from sluicegate.pipeline.errors import InvalidRequest, UpstreamError

from ..upstream.coding import Inflate
from .asgi import RawHeaders

TAKEN = "gzip, deflate"


class Unpacking:
    """Undoes the coding of one body."""

    def __init__(self) -> None:
        self._inflate = Inflate("a client")
        self._size = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what these bytes unpack to, at most 64 KiB at a time. Raises InvalidRequest for what is not packed."""
        self._size += len(data)
        try:
            yield from self._inflate.feed(data)
        except UpstreamError as error:
            raise _broken("says that it is compressed, but is not") from error

    def finish(self) -> None:
        """Say that no more bytes come. Raises InvalidRequest where the end came too early."""
        if self._size and not self._inflate.complete:
            raise _broken("ends before what is compressed in it does")


def unpacking_for(headers: RawHeaders) -> Unpacking | None:
    """Return what undoes the coding that a head names, or None where there is none to undo.

    Raises:
        InvalidRequest: With status 415, it is one that is not taken here, or there are several.
    """
    named = b",".join([value for name, value in headers if name == b"content-encoding"])
    if not named:
        return None
    codings = [coding for each in named.decode("latin-1").split(",") if (coding := each.strip().lower())]
    codings = [coding for coding in codings if coding != "identity"]
    if not codings:
        return None
    if len(codings) > 1 or codings[0] not in ("gzip", "x-gzip", "deflate"):
        told = ", ".join(codings)[:40].encode("ascii", "replace").decode()
        raise InvalidRequest(
            f"a body may be encoded as one of {TAKEN}, and not as {told!r}", status=415, code="unsupported_encoding"
        )
    return Unpacking()


def _broken(what: str) -> InvalidRequest:
    return InvalidRequest(f"the body {what}", code="invalid_encoding")

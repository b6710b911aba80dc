"""The body of one request as it comes in.

Over HTTP/2 the server puts it into a short queue, and waits where that is full: also to tell that the client has left,
and even while the answer is being sent. So somebody must read on until the end of every request, whatever became of it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator

import trio

from sluicegate.pipeline.errors import ClientGone, TooLarge

from .asgi import RawHeaders, Receive, find_header
from .coding import Unpacking, unpacking_for
from .sizes import size_text
from .uploads import FREE, Uploads

DISCARD_BYTES = 64 * 1024 * 1024
"""How much of a body that nobody wants is read, so that its sender comes to read the answer."""
DISCARD_SECONDS = 5.0
"""How long."""


class Inflow:
    """Reads a request's body, then tells when its client leaves. One task at a time may use it.

    Attributes:
        expected: Whether the head announces a body (RFC 9112, section 6.3).
        complete: Whether the body has come to its end.
        gone: Whether the client has left.
    """

    def __init__(self, receive: Receive, headers: RawHeaders) -> None:
        self._receive = receive
        self._headers = headers
        self._declared = _length(find_header(headers, b"content-length"))
        self.expected = bool(self._declared) or find_header(headers, b"transfer-encoding") is not None
        self.complete = False
        self.gone = False

    async def read(self, limit: int, uploads: Uploads) -> bytes:
        """Return the whole body, unpacked, counted among the ``uploads`` until it is there. A checkpoint.

        Raises:
            TooLarge: It is, says that it will be, or unpacks to over ``limit`` bytes.
            InvalidRequest: It is packed in another way than is taken, or not as it says.
            Overloaded: There is no room among the uploads.
            ClientGone: The client left before its end.
        """
        if self._declared is not None and self._declared > limit:
            raise TooLarge(_too_large(self._declared, limit))
        unpacking = unpacking_for(self._headers)
        parts: list[bytes] = []
        total = held = 0
        uploads.enter()
        try:
            while not self.complete:
                for part in await self._pieces(unpacking):
                    total += len(part)
                    if total > limit:
                        raise TooLarge(f"body is over {size_text(limit)}")
                    if total - FREE > held:
                        uploads.take(total - FREE - held)
                        held = total - FREE
                    parts.append(part)
                    if unpacking is not None:
                        await trio.lowlevel.checkpoint()  # a few bytes may unpack to many pieces
        finally:
            uploads.leave(held)
        if self.gone:
            raise ClientGone("the client left before its request was complete")
        return b"".join(parts)

    async def pour(
        self, limit: int, uploads: Uploads, take: Callable[[int], None], *, unpacked: bool = False
    ) -> AsyncGenerator[bytes, None]:
        """Yield the body as it comes, counted among the ``uploads`` while it does. A checkpoint.

        Args:
            limit: Bytes that it may have.
            uploads: Those under way.
            take: Told the bytes of each part beyond what is free, before it is yielded.
            unpacked: Whether to undo its coding, and not to leave it as it came.

        Raises:
            TooLarge: It is, says that it will be, or unpacks to over ``limit`` bytes.
            InvalidRequest: It is packed in another way than is taken, or not as it says.
            Overloaded: There is no room among the uploads.
            ClientGone: The client left before its end.
        """
        if self._declared is not None and self._declared > limit:
            raise TooLarge(f"{_too_large(self._declared, limit)} (server.max_upload)")
        unpacking = unpacking_for(self._headers) if unpacked else None
        total = 0
        uploads.enter()
        try:
            while not self.complete:
                for part in await self._pieces(unpacking):
                    counted = max(0, total - FREE)
                    total += len(part)
                    if total > limit:
                        raise TooLarge(f"body is over {size_text(limit)} (server.max_upload)")
                    take(max(0, total - FREE) - counted)
                    yield part
        finally:
            uploads.leave(0)
        if self.gone:
            raise ClientGone("the client left before its request was complete")

    async def discard(self) -> None:
        """Read the rest of a body that nobody wants, and forget it, within bounds of bytes and time. A checkpoint.

        A connection that is closed while unread bytes lie on it is reset, and a reset may overtake the answer.
        """
        if not self.expected:
            return
        left = DISCARD_BYTES
        with trio.move_on_after(DISCARD_SECONDS):
            while not self.complete and left > 0:
                left -= len(await self._next())

    async def until_gone(self) -> None:
        """Read on until the client has left, or the server is done with the request. A checkpoint."""
        while not self.gone:
            await self._next()

    async def _pieces(self, unpacking: Unpacking | None) -> Iterable[bytes]:
        """Return what comes next, as it is to be read. A checkpoint."""
        part = await self._next()
        return (part,) if unpacking is None else self._unpacked(unpacking, part)

    def _unpacked(self, unpacking: Unpacking, part: bytes) -> Iterator[bytes]:
        yield from unpacking.feed(part)
        if self.complete and not self.gone:
            unpacking.finish()

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] != "http.request":
            self.complete = self.gone = True
            return b""
        if not message.get("more_body", False):
            self.complete = True
        part: bytes = message.get("body", b"")
        return part


def _too_large(size: int, limit: int) -> str:
    told, most = size_text(size), size_text(limit)
    if told == most:
        told, most = f"{size} bytes", f"{limit} bytes"
    return f"body is {told}, limit {most}"


def _length(value: bytes | None) -> int | None:
    return int(value) if value is not None and value.isdigit() and len(value) <= 20 else None

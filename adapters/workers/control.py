"""The channel between the supervisor and one worker: frames of msgpack on a pair of sockets.

Nobody ever waits to send. What is to be sent is left in the outbox by its kind, and the latest of a kind replaces one
that has not left yet: so the outbox is bounded by the number of kinds, and a slow reader misses what is old. A frame's
value is made when it leaves, so that it tells of that moment.
"""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import msgpack
import trio

log = logging.getLogger("sluicegate.workers")

MAX_FRAME = 64 * 1024 * 1024
"""Bytes of the largest frame: the figures of all workers, with every bounded set of names full."""
_LENGTH = struct.Struct(">I")
_READ = 65536

Message = tuple[str, Any]


class BadFrame(ValueError):
    """A frame is larger than may be, or is none."""


def encode(kind: str, value: Any) -> bytes:
    """Return a frame. Raises BadFrame if it is too large."""
    data: bytes = msgpack.packb((kind, value))
    if len(data) > MAX_FRAME:
        raise BadFrame(f"a frame of kind {kind} has {len(data)} bytes, the limit is {MAX_FRAME}")
    return _LENGTH.pack(len(data)) + data


class Frames:
    """Finds the frames in bytes that come in any pieces."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes | bytearray) -> Iterator[Message]:
        """Yield what is complete. Raises BadFrame where the bytes are no frames; nothing after them is."""
        held = self._held
        held += data
        while len(held) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(held)
            end = _LENGTH.size + length
            if length > MAX_FRAME:
                raise BadFrame(f"a frame of {length} bytes, the limit is {MAX_FRAME}")
            if len(held) < end:
                return
            yield _decode(bytes(held[_LENGTH.size : end]))
            del held[:end]


def receive_first(sock: socket.socket) -> Message | None:
    """Return the first frame, and read nothing beyond it; None if the other side has gone. Blocks."""
    head = _exactly(sock, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    data = _exactly(sock, length) if length <= MAX_FRAME else None
    return _decode(data) if data is not None else None


def _exactly(sock: socket.socket, count: int) -> bytes | None:
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            return None
        data += part
    return data


def _decode(data: bytes) -> Message:
    try:
        kind, value = msgpack.unpackb(data)
    except (ValueError, msgpack.UnpackException) as error:
        raise BadFrame("bytes that are no frame") from error
    return kind, value


class Channel:
    """One end of the channel."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._outbox: dict[str, Callable[[], Any]] = {}
        self._news = trio.Event()
        self._sent = trio.Event()
        self._open = True

    def post(self, kind: str, make: Callable[[], Any]) -> None:
        """Have a frame sent as soon as can be, with the value that ``make`` then returns. Never waits."""
        self._outbox[kind] = make
        self._news.set()

    async def send_posted(self) -> None:
        """Send what is posted until the other side has gone. A checkpoint."""
        try:
            while True:
                await self._news.wait()
                while self._outbox:
                    kind = next(iter(self._outbox))
                    await self._send(kind, self._outbox.pop(kind))
                self._news = trio.Event()
                self._sent.set()
                self._sent = trio.Event()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            self._open = False
            self._sent.set()

    async def _send(self, kind: str, make: Callable[[], Any]) -> None:
        try:
            frame = encode(kind, make())
        except BadFrame as error:
            log.error("not sent: %s", error)
            return
        await self._stream.send_all(frame)

    async def flush(self) -> None:
        """Wait until all that is posted has left, or cannot. A checkpoint."""
        while self._open and self._news.is_set():
            await self._sent.wait()
        await trio.lowlevel.checkpoint()

    async def receive_all(self, take: Callable[[str, Any], None]) -> None:
        """Hand every frame that comes to ``take``, until the other side has gone. A checkpoint.

        Raises:
            BadFrame: What came is no frame.
        """
        frames = Frames()
        while True:
            try:
                data = await self._stream.receive_some(_READ)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return
            if not data:
                return
            for kind, value in frames.feed(data):
                take(kind, value)

    async def aclose(self) -> None:
        """Close this end. A checkpoint."""
        await self._stream.aclose()

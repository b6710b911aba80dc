"""The two directions of one connection, and the ways in which another task may end them at once.

A sweep, and not a cancel scope in each read and write, keeps the times. So what it does to a connection must not wait:
`stop_reading` makes the reader see the end of its input, `abort` makes whoever reads or writes fail.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable
from contextlib import suppress
from math import inf
from typing import Protocol

import trio

from .errors import ClientLeft

MAX_READ = 64 * 1024
MAX_RECORD = 16 * 1024
"""Bytes that TLS writes at a time, so that progress shows."""
_TCP_INFO = getattr(socket, "TCP_INFO", None)
_RESET_STATES = frozenset({7})
_LEFT_STATES = frozenset({7, 8, 9})
"""Linux's CLOSE, CLOSE_WAIT and LAST_ACK, in the first byte of TCP_INFO: the peer has sent a reset, or its FIN."""
_RESET = struct.pack("ii", 1, 0)
FAILURES = (OSError, ValueError, trio.BrokenResourceError, trio.ClosedResourceError)
"""What a broken connection raises. A closed socket, without its number, is a ValueError to trio's waits."""


class Wire(Protocol):
    """What a connection needs of its stream.

    Attributes:
        due: When the write under way must have made progress, in seconds on trio's clock; infinite if there is none.
        broken: Whether nothing more can be written, or only after a torn write.
    """

    due: float
    broken: bool

    async def receive(self) -> bytes:
        """Return the next bytes; none at the end. A checkpoint.

        Raises:
            ClientLeft: The connection broke.
        """

    async def send(self, data: bytes) -> None:
        """Write all of ``data``, also where the caller is cancelled. A checkpoint unless it leaves at once.

        Raises:
            ClientLeft: The connection broke, or has been aborted.
        """

    def finish(self, *, awaited: bool) -> None:
        """Tell the client that nothing more comes. It may still send.

        Args:
            awaited: Whether the client needs to be told: nothing else says where its answer ends.
        """

    def stop_reading(self) -> None:
        """Let the reader see an end."""

    def abort(self) -> None:
        """Close the connection; reads and writes under way fail."""

    def reset(self) -> None:
        """Close it so that the client sees a broken connection, and never a clean end."""

    def left(self) -> bool:
        """Say whether the client counts as having left, without reading."""


class SocketWire:
    """What the wires over a TCP socket have in common.

    What has begun to be written is shielded, since half of a frame is worse than none, and ends by the sweep's `abort`
    at the latest.

    Args:
        write_time: Seconds in which a write must make progress.
        half_close: Whether a client that has closed its own side is still there.
    """

    __slots__ = ("_gone", "_write_time", "broken", "due", "socket")

    def __init__(
        self, connected: socket.socket | trio.socket.SocketType, write_time: float, *, half_close: bool
    ) -> None:
        self.socket = connected
        self._gone = _RESET_STATES if half_close else _LEFT_STATES
        self._write_time = write_time
        self.due = inf
        self.broken = False

    async def _whole(self, writing: Awaitable[None]) -> None:
        """Let what is being written come to its end. Until then, the connection is torn."""
        self.broken = True
        self._progress()
        try:
            with trio.CancelScope(shield=True):
                await writing
        except FAILURES as error:
            raise ClientLeft("the client left") from error
        finally:
            self.due = inf
        self.broken = False

    def _progress(self) -> None:
        self.due = trio.current_time() + self._write_time

    def finish(self, *, awaited: bool) -> None:
        """Tell the client that nothing more comes. It may still send."""
        self._shut(socket.SHUT_WR)

    def stop_reading(self) -> None:
        """Let the reader see an end once it has read what is there."""
        self._shut(socket.SHUT_RD)

    def _shut(self, how: int) -> None:
        with suppress(OSError):
            self.socket.shutdown(how)

    def abort(self) -> None:
        """Close the connection; reads and writes under way fail. Safe to call twice."""
        self.broken = True
        if self.socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self.socket)
            self.socket.close()

    def reset(self) -> None:
        """Close it so that the client sees a broken connection, and never a clean end."""
        with suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.abort()

    def left(self) -> bool:
        """Say whether the client counts as having left, without reading. Only Linux tells."""
        if _TCP_INFO is None:
            return False
        try:
            info = self.socket.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 1)
        except OSError:
            return True
        return info[0] in self._gone


class PlainWire(SocketWire):
    """A socket that does not block, read and written without trio's wrapper: that costs more than the system calls.

    What the kernel takes at once is no checkpoint, so nothing can be cancelled in the middle of it.
    """

    __slots__ = ("_plain",)

    def __init__(self, connected: socket.socket, *, write_time: float, half_close: bool = False) -> None:
        super().__init__(connected, write_time, half_close=half_close)
        self._plain = connected

    async def receive(self) -> bytes:
        """Return the next bytes; none at the end. A checkpoint."""
        try:
            while True:
                await trio.lowlevel.wait_readable(self._plain)
                try:
                    return self._plain.recv(MAX_READ)
                except BlockingIOError:
                    continue
        except FAILURES as error:
            self.broken = True
            raise ClientLeft("the client left") from error

    async def send(self, data: bytes) -> None:
        """Write all of ``data``. A checkpoint unless the kernel takes it at once."""
        if self.broken:
            raise ClientLeft("the client left")
        try:
            sent = self._plain.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self.broken = True
            raise ClientLeft("the client left") from error
        if sent < len(data):
            await self._whole(self._write(data[sent:]))

    async def _write(self, data: bytes) -> None:
        with memoryview(data) as left:
            sent = 0
            while sent < len(data):
                await trio.lowlevel.wait_writable(self._plain)
                with suppress(BlockingIOError):
                    sent += self._plain.send(left[sent:])
                    self._progress()


class TlsWire(SocketWire):
    """A socket with TLS, of which trio's stream takes care."""

    __slots__ = ("_over", "_reading", "tls")

    def __init__(
        self, stream: trio.SSLStream[trio.SocketStream], *, write_time: float, half_close: bool = False
    ) -> None:
        super().__init__(stream.transport_stream.socket, write_time, half_close=half_close)
        self.tls = stream
        self._over = False
        self._reading = trio.CancelScope()

    async def receive(self) -> bytes:
        """Return the next bytes; none at the end. A checkpoint."""
        try:
            # An end that the socket made would break TLS: nothing could be written any more, not even its goodbye.
            with trio.CancelScope() as self._reading:
                if not self._over:
                    return bytes(await self.tls.receive_some(MAX_READ))
            return b""
        except FAILURES as error:
            self.broken = True
            raise ClientLeft("the client left") from error

    async def send(self, data: bytes) -> None:
        """Write all of ``data``. A checkpoint."""
        if self.broken:
            raise ClientLeft("the client left")
        await self._whole(self._write(data))

    async def _write(self, data: bytes) -> None:
        for at in range(0, len(data), MAX_RECORD):
            await self.tls.send_all(data[at : at + MAX_RECORD])
            self._progress()

    def finish(self, *, awaited: bool) -> None:
        """End the connection now if the client waits for that: only the end of all of it tells that no more comes.

        Elsewhere the client closes, or runs out of time: an end now could overtake its answer.
        """
        if awaited:
            self.stop_reading()

    def stop_reading(self) -> None:
        """Let the reader see an end."""
        self._over = True
        self._reading.cancel()

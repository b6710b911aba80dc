"""The two directions of one connection, and the ways in which another task may end them at once.

A sweep, and not a cancel scope in each read and write, keeps the times. So what it does to a connection must not wait:
`stop_reading` makes the reader see the end of its input, `abort` makes whoever reads or writes fail.
"""

from __future__ import annotations

import socket
import struct
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
_FAILURES = (OSError, trio.BrokenResourceError, trio.ClosedResourceError)


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
        """Write all of ``data``. A checkpoint.

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
    """A wire over a TCP socket, plain or with TLS.

    Args:
        stream: What is read and written.
        write_time: Seconds in which a write must make progress.
        half_close: Whether a client that has closed its own side is still there.
    """

    __slots__ = ("_gone", "_over", "_reading", "_socket", "_tls", "_write_time", "broken", "due")

    def __init__(
        self,
        stream: trio.SocketStream | trio.SSLStream[trio.SocketStream],
        *,
        write_time: float,
        half_close: bool = False,
    ) -> None:
        if isinstance(stream, trio.SSLStream):
            self._tls: trio.SSLStream[trio.SocketStream] | None = stream
            self._socket = stream.transport_stream.socket
        else:
            self._tls = None
            self._socket = stream.socket
        self._write_time = write_time
        self._over = False
        self._reading = trio.CancelScope()
        self._gone = _RESET_STATES if half_close else _LEFT_STATES
        self.due = inf
        self.broken = False

    async def receive(self) -> bytes:
        """Return the next bytes; none at the end. A checkpoint."""
        try:
            if self._tls is not None:
                return await self._receive_tls(self._tls)
            return await self._socket.recv(MAX_READ)
        except _FAILURES as error:
            self.broken = True
            raise ClientLeft("the client left") from error

    async def _receive_tls(self, stream: trio.SSLStream[trio.SocketStream]) -> bytes:
        # An end that the socket made would break TLS: nothing could be written any more, not even its goodbye.
        with trio.CancelScope() as self._reading:
            if not self._over:
                return bytes(await stream.receive_some(MAX_READ))
        return b""

    async def send(self, data: bytes) -> None:
        """Write all of ``data``. A checkpoint."""
        if self.broken:
            raise ClientLeft("the client left")
        self.due = trio.current_time() + self._write_time
        # Until it is known that all has left, or that nothing has, the connection is torn.
        self.broken = True
        try:
            if self._tls is None:
                await self._send_plain(data)
            else:
                await self._send_tls(self._tls, data)
            self.broken = False
        except _FAILURES as error:
            raise ClientLeft("the client left") from error
        finally:
            self.due = inf

    async def _send_plain(self, data: bytes) -> None:
        try:
            sent = await self._socket.send(data)
        except trio.Cancelled:
            self.broken = False  # trio promises that nothing has been sent then
            raise
        if sent == len(data):
            return
        with memoryview(data) as view:
            while sent < len(data):
                self.due = trio.current_time() + self._write_time
                sent += await self._socket.send(view[sent:])

    async def _send_tls(self, stream: trio.SSLStream[trio.SocketStream], data: bytes) -> None:
        for at in range(0, len(data), MAX_RECORD):
            self.due = trio.current_time() + self._write_time
            await stream.send_all(data[at : at + MAX_RECORD])

    def finish(self, *, awaited: bool) -> None:
        """Tell the client that nothing more comes.

        With TLS only the end of the whole connection tells, so it comes now where it is awaited. Elsewhere the client
        closes, or runs out of time: an end now could overtake its answer.
        """
        if self._tls is None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
        elif awaited:
            self.stop_reading()

    def stop_reading(self) -> None:
        """Let the reader see an end; without TLS, once it has read what is there."""
        if self._tls is None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RD)
        else:
            self._over = True
            self._reading.cancel()

    def abort(self) -> None:
        """Close the connection; reads and writes under way fail."""
        self.broken = True
        self._socket.close()

    def reset(self) -> None:
        """Close it so that the client sees a broken connection, and never a clean end."""
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.abort()

    def left(self) -> bool:
        """Say whether the client counts as having left, without reading. Only Linux tells."""
        if _TCP_INFO is None:
            return False
        try:
            info = self._socket.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 1)
        except OSError:
            return True
        return info[0] in self._gone

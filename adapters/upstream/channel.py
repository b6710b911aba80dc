"""Sockets as the connections use them: reading waits, writing begins at once, closing never waits.

Whoever has a channel is its only user. Exceptions are httpx's.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from math import inf
from typing import Protocol

import httpx
import trio

READ = 64 * 1024
"""Bytes that one read takes at most."""
GONE = (OSError, ValueError, trio.ClosedResourceError)
"""What waiting for a socket raises that is closed; one without its number is a ValueError."""


class Channel(Protocol):
    """A way for bytes, in both directions."""

    async def receive(self, seconds: float = inf) -> bytes:
        """Wait for bytes and return those that are there, or ``b""`` at the end. A checkpoint.

        Being cancelled here loses nothing.

        Raises:
            httpx.ReadTimeout: Nothing came for that many seconds.
            httpx.ReadError: The connection broke, or was closed.
        """
        ...

    def receive_nowait(self) -> bytes | None:
        """Return the bytes that are there, ``b""`` at the end, or None where there is nothing yet.

        Raises:
            httpx.ReadError: The connection broke.
        """
        ...

    def start(self, data: bytes) -> bool:
        """Begin to send; return whether all has gone. If not, `flush` sends the rest.

        Raises:
            httpx.WriteError: The connection broke.
        """
        ...

    async def flush(self, seconds: float = inf) -> None:
        """Send what `start` has left over. A checkpoint.

        Raises:
            httpx.WriteTimeout: The other side took nothing for that many seconds.
            httpx.WriteError: The connection broke.
        """
        ...

    def wake(self) -> None:
        """Let a read under way fail as if the channel had been closed."""
        ...

    def close(self) -> None:
        """Close at once. Safe to call twice."""
        ...


class SocketChannel:
    """A connected TCP socket. It is not blocking."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._rest = memoryview(b"")
        self._open = True

    async def receive(self, seconds: float = inf) -> bytes:
        """Wait for bytes, and return those that are there."""
        while True:
            if seconds == inf:
                try:
                    await trio.lowlevel.wait_readable(self._socket)
                except GONE as error:
                    raise httpx.ReadError("closed") from error
            else:
                await self._readable(seconds)
            data = self.receive_nowait()
            if data is not None:
                return data

    def receive_nowait(self) -> bytes | None:
        """Return the bytes that are there."""
        try:
            return self._socket.recv(READ)
        except BlockingIOError:
            return None
        except OSError as error:
            raise httpx.ReadError(_text(error)) from error

    def start(self, data: bytes | memoryview) -> bool:
        """Begin to send; return whether all has gone."""
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise httpx.WriteError(_text(error)) from error
        if sent == len(data):
            return True
        self._rest = memoryview(data)[sent:]
        return False

    async def flush(self, seconds: float = inf) -> None:
        """Send what is left over."""
        while True:
            with trio.move_on_after(seconds) as scope:
                try:
                    await trio.lowlevel.wait_writable(self._socket)
                except GONE as error:
                    raise httpx.WriteError("closed") from error
            if scope.cancelled_caught:
                raise httpx.WriteTimeout(f"nothing was taken within {seconds:g} s")
            if self.start(self._rest):
                self._rest = memoryview(b"")
                return

    def wake(self) -> None:
        """Let a read under way fail, and a write that waits."""
        if self._open:
            with suppress(RuntimeError):  # outside of trio nobody waits
                trio.lowlevel.notify_closing(self._socket)

    def close(self) -> None:
        """Close at once; a task that waits for this socket is told."""
        if self._open:
            self.wake()
            self._open = False
            self._socket.close()

    async def _readable(self, seconds: float) -> None:
        try:
            with trio.fail_after(seconds):
                await trio.lowlevel.wait_readable(self._socket)
        except trio.TooSlowError as error:
            raise httpx.ReadTimeout(f"nothing came within {seconds:g} s") from error
        except GONE as error:
            raise httpx.ReadError("closed") from error


def _text(error: OSError) -> str:
    return error.strerror or str(error)

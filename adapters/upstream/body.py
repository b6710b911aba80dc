"""The body of an answer, and what becomes of its connection."""

from __future__ import annotations

from contextlib import suppress
from math import inf

import httpx
import trio

from .channel import Channel
from .h1_reader import H1Reader
from .places import Connection
from .pool import Pool

MAX_DRAIN = 64 * 1024
"""Bytes that have come already, and that are thrown away to save a connection."""


class Body:
    """Reads what follows a head. The connection is given back as soon as the message is complete.

    Args:
        seconds: How long each read may take.

    Attributes:
        due: When `receive` gives up, on trio's clock. It may be put off.
    """

    __slots__ = ("_closed", "_connection", "_failure", "_pool", "_seconds", "due", "reader")

    def __init__(self, pool: Pool, connection: Connection, reader: H1Reader, seconds: float, due: float = inf) -> None:
        self.reader = reader
        self.due = due
        self._pool = pool
        self._connection: Connection | None = connection  # None once we have parted with it: another may have it then
        self._seconds = seconds
        self._failure: httpx.TransportError | None = None
        self._closed = False
        self._settle()

    @property
    def closed(self) -> bool:
        """Whether it was closed before its end."""
        return self._closed

    async def receive(self) -> bytes:
        """Return the bytes that came together, or ``b""`` at the end. A checkpoint.

        What has come with bytes returned before does not wait for other tasks: there is at most one socket read of it.
        Being cancelled here loses nothing.

        Raises:
            httpx.RemoteProtocolError: The message is cut short, or malformed.
            httpx.ReadError: The connection broke.
            httpx.ReadTimeout: Nothing came in time.
            httpx.StreamClosed: It was closed before its end.
            trio.TooSlowError: Nothing came until ``due``.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        reader = self.reader
        while not (data := reader.take()):
            if self._failure is not None:
                raise self._failure
            if reader.complete:
                return b""
            connection = self._connection
            if self._closed or connection is None:
                raise httpx.StreamClosed
            self._pool.alarms.set(connection, self.due)
            try:
                self._feed(await self._channel(connection).receive(self._seconds))
            except httpx.TransportError as error:
                self._failure = error
                self._part(keep=False)
                if connection.late:
                    raise trio.TooSlowError from error
            finally:
                connection.due = inf
        return data

    def close(self) -> None:
        """Let the connection go: back if the rest of the message is there, closed if it is not. Safe to call twice."""
        if self._connection is None:
            return
        self._closed = True
        with suppress(httpx.ReadError):
            self._drain()
        self.reader.take()
        self._part(keep=False)

    def _drain(self) -> None:
        """Read what has come already, as far as the end of the message."""
        drained = 0
        while self._connection is not None and drained < MAX_DRAIN:
            data = self._channel(self._connection).receive_nowait()
            if data is None:
                return
            drained += len(data)
            self._feed(data)

    def _feed(self, data: bytes) -> None:
        if data:
            self.reader.feed(data)
        else:
            self.reader.end()
        self._settle()

    def _settle(self) -> None:
        """Part with the connection if nothing more is wanted of it."""
        if self.reader.fault is not None:
            self._failure = self.reader.fault
            self._part(keep=False)
        elif self.reader.complete:
            self._part(keep=self.reader.keep)

    def _part(self, *, keep: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self.reader.close()
            (self._pool.release if keep else self._pool.discard)(connection)

    @staticmethod
    def _channel(connection: Connection) -> Channel:
        assert connection.channel is not None
        return connection.channel

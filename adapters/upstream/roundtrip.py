"""One request to the pool, and the head of its answer.

* A request that the kernel takes in one go costs one write; only a longer one is sent beside the reading of its answer.
* An answer that comes before the request has gone is an answer. If it is an error, the rest is not sent.
* A connection that was used before may die the moment it is used again, since its other side found it idle for too
  long. If it did so before any byte of the answer, the request goes out once more, on a new connection. That is the one
  thing done twice: https://www.rfc-editor.org/rfc/rfc9112#section-9.3.1.
* Whoever is cancelled here leaves a closed connection and a free place.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from math import inf
from typing import NamedTuple

import httpx
import trio

from .body import Body
from .channel import Channel
from .h1_reader import H1Reader
from .places import Connection
from .pool import Pool
from .routes import Route

_DIED = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)


class Waits(NamedTuple):
    """How many seconds each wait may take: for a place, for a connection, for each write and each read.

    ``due`` is when all of them are over, on trio's clock.
    """

    pool: float = inf
    connect: float = inf
    write: float = inf
    read: float = inf
    due: float = inf


class Upload(NamedTuple):
    """A request whose body comes in pieces, which already have their framing.

    ``again`` gives the same pieces once more, where that can be had.
    """

    head: bytes
    pieces: AsyncGenerator[bytes, None]
    again: Callable[[], AsyncGenerator[bytes, None]] | None = None


async def roundtrip(pool: Pool, route: Route, method: str, request: bytes | Upload, waits: Waits) -> Body:
    """Send a request, and return its answer once the head is there. A checkpoint.

    Raises:
        httpx.TransportError: There is no answer to be had.
        trio.TooSlowError: All of it was due before.
    """
    connection = pool.reused(route)
    if connection is None:
        with trio.fail_at(waits.due):
            connection = await pool.acquire(route, connect=waits.connect, wait=waits.pool)
    try:
        reader = H1Reader(method)
        try:
            await _exchange(pool, connection, reader, request, waits)
        except _DIED:
            if not connection.reused or reader.started:
                raise
            if isinstance(request, Upload):
                if request.again is None:
                    raise
                request = request._replace(pieces=request.again())
            with trio.fail_at(waits.due):
                await pool.fill(connection, waits.connect)
            reader = H1Reader(method)
            await _exchange(pool, connection, reader, request, waits)
    except BaseException:
        pool.discard(connection)
        raise
    return Body(pool, connection, reader, waits.read, waits.due)


async def _exchange(
    pool: Pool, connection: Connection, reader: H1Reader, request: bytes | Upload, waits: Waits
) -> None:
    channel = connection.channel
    assert channel is not None
    broken: httpx.WriteError | None = None
    if isinstance(request, Upload):
        with trio.fail_at(waits.due):
            broken = await _Duplex(connection, channel, reader, request, waits).run()
    else:
        try:
            if not channel.start(request):
                with trio.fail_at(waits.due):
                    broken = await _Duplex(connection, channel, reader, None, waits).run()
        except httpx.WriteError as error:
            broken = error
            connection.spoiled = True
    pool.alarms.set(connection, waits.due)
    try:
        await _read_head(channel, reader, waits.read)
    except (httpx.ReadError, httpx.RemoteProtocolError) as error:
        if connection.late:
            raise trio.TooSlowError from error
        if broken is not None and not reader.started:
            raise broken from None
        raise
    finally:
        connection.due = inf


async def _read_head(channel: Channel, reader: H1Reader, seconds: float) -> None:
    """Read until the head is there."""
    while not reader.head_done:
        if reader.fault is not None:
            raise reader.fault
        if data := await channel.receive(seconds):
            reader.feed(data)
        else:
            reader.end()


class _Duplex:
    """Sends what did not go in one write, and reads meanwhile, since the answer may be an early refusal."""

    def __init__(
        self, connection: Connection, channel: Channel, reader: H1Reader, upload: Upload | None, waits: Waits
    ) -> None:
        self._connection = connection
        self._channel = channel
        self._reader = reader
        self._upload = upload
        self._waits = waits
        self._reading = trio.CancelScope()
        self._failure: Exception | None = None

    async def run(self) -> httpx.WriteError | None:
        """Return once all is sent, or nothing more needs to be. A checkpoint.

        Returns:
            What broke the sending. The answer may still be there to be read.
        """
        sent = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._send, sent)
            with self._reading:
                refused = await self._listen()
                if not refused:
                    await sent.wait()
            nursery.cancel_scope.cancel()
        if not sent.is_set():
            self._connection.spoiled = True
        if self._failure is None or isinstance(self._failure, httpx.WriteError):
            return self._failure
        raise self._failure

    async def _send(self, sent: trio.Event) -> None:
        try:
            if self._upload is None:
                await self._channel.flush(self._waits.write)
            else:
                async with aclosing(self._upload.pieces) as pieces:
                    await self._send_piece(self._upload.head)
                    async for piece in pieces:
                        await self._send_piece(piece)
            sent.set()
        except (
            Exception
        ) as error:  # a caller's own pieces may raise anything; `run` raises it again, out of the nursery
            self._failure = error
        self._reading.cancel()

    async def _send_piece(self, piece: bytes) -> None:
        if piece and not self._channel.start(piece):
            await self._channel.flush(self._waits.write)

    async def _listen(self) -> bool:
        """Read the head, if it comes before all is sent. Return whether it makes the rest of the request pointless."""
        try:
            await _read_head(self._channel, self._reader, inf)
        except (httpx.ReadError, httpx.RemoteProtocolError) as error:
            self._failure = self._failure or error
            return True
        return self._reader.status >= 400

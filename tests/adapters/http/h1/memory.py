"""A wire over memory streams, for tests in virtual time."""

from __future__ import annotations

from contextlib import asynccontextmanager
from math import inf

import trio
import trio.testing

from sluicegate.adapters.http.h1.connection import Connection
from sluicegate.adapters.http.h1.edge import Edge
from sluicegate.adapters.http.h1.errors import ClientLeft
from sluicegate.adapters.http.h1.limits import Limits
from sluicegate.adapters.http.h1.scope import Peers
from sluicegate.adapters.http.h1.sweep import sweep
from tests.adapters.http.h1.edge import Client, echo


class MemoryWire:
    """Reads what the client sends; writes pass only while the client reads."""

    def __init__(self, stream, write_time):
        self.due = inf
        self.broken = False
        self.client_reads = trio.Event()
        self.client_reads.set()
        self.ended = trio.Event()
        self.ended_at = None
        self._stream = stream
        self._write_time = write_time
        self._aborted = trio.Event()

    async def receive(self):
        try:
            return bytes(await self._stream.receive_some())
        except (trio.ClosedResourceError, trio.BrokenResourceError) as error:
            raise ClientLeft from error

    async def send(self, data):
        self.due = trio.current_time() + self._write_time
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._cancel_when, self._aborted, nursery)
                nursery.start_soon(self._cancel_when, self.client_reads, nursery)
            if self.broken:
                raise ClientLeft
            await self._stream.send_all(data)
        finally:
            self.due = inf

    async def _cancel_when(self, event, nursery):
        await event.wait()
        nursery.cancel_scope.cancel()

    def finish(self, *, awaited):
        self._stream.send_stream.close()

    def stop_reading(self):
        self._stream.receive_stream.put_eof()

    def abort(self):
        self.broken = True
        self._aborted.set()
        self._stream.send_stream.close()
        self._stream.receive_stream.close()

    reset = abort

    def left(self):
        return self.broken


class Talk(Client):
    """The client's end of a connection in memory, and what became of the server's."""

    patience = 100_000

    def __init__(self, stream, wire, edge):
        super().__init__(stream)
        self.wire = wire
        self.edge = edge

    async def ended_at(self):
        """Wait for the connection's end; return its time."""
        await self.wire.ended.wait()
        return self.wire.ended_at


@asynccontextmanager
async def talking(app=echo, limits=None):
    limits = limits or Limits()
    theirs, ours = trio.testing.memory_stream_pair()
    wire = MemoryWire(ours, limits.write_time)
    async with trio.open_nursery() as nursery:
        edge = Edge(app, limits, nursery.start_soon)

        async def run():
            connection = Connection(wire, edge, Peers(None, None, "http", {}))
            edge.connections.add(connection)
            await connection.run()
            edge.connections.discard(connection)
            await ours.aclose()
            wire.ended_at = trio.current_time()
            wire.ended.set()

        nursery.start_soon(run)
        nursery.start_soon(sweep, edge.connections, limits.tick)
        await trio.testing.wait_all_tasks_blocked()
        yield Talk(theirs, wire, edge)
        nursery.cancel_scope.cancel()

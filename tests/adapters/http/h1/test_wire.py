"""The wire over a real socket: what it writes is written whole, or the connection is broken."""

import socket
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from sluicegate.adapters.http.h1.errors import ClientLeft
from sluicegate.adapters.http.h1.wire import PlainWire

LARGE = b"x" * 4_000_000


@asynccontextmanager
async def wired():
    """Give a wire, and the client's end of it as a stream."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    wire = PlainWire(ours, write_time=10.0)
    async with trio.SocketStream(trio.socket.from_stdlib_socket(theirs)) as client:
        yield wire, client
        wire.abort()


async def read_to(client, size):
    got = 0
    while got < size:
        part = await client.receive_some(1 << 20)
        assert part
        got += len(part)
    return got


async def test_what_the_kernel_takes_at_once_is_no_checkpoint():
    async with wired() as (wire, client):
        with trio.CancelScope() as scope:
            scope.cancel()
            await wire.send(b"whole")
        assert not scope.cancelled_caught
        assert await client.receive_some() == b"whole"


async def test_a_cancellation_never_tears_a_write():
    async with wired() as (wire, client), trio.open_nursery() as nursery:
        scope = trio.CancelScope()

        async def write():
            with scope:
                await wire.send(LARGE)
                assert not wire.broken
                await trio.sleep_forever()

        nursery.start_soon(write)
        await trio.testing.wait_all_tasks_blocked()
        scope.cancel()
        assert wire.broken  # for as long as part of it has not left
        assert await read_to(client, len(LARGE)) == len(LARGE)
    assert scope.cancelled_caught


async def test_an_abort_ends_a_write_that_nobody_reads():
    async with wired() as (wire, _), trio.open_nursery() as nursery:

        async def write():
            with pytest.raises(ClientLeft):
                await wire.send(LARGE)

        nursery.start_soon(write)
        await trio.testing.wait_all_tasks_blocked()
        wire.abort()


async def test_an_abort_ends_a_read():
    async with wired() as (wire, _), trio.open_nursery() as nursery:

        async def read():
            with pytest.raises(ClientLeft):
                await wire.receive()

        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        wire.abort()


async def test_nothing_is_written_once_it_is_broken():
    async with wired() as (wire, client):
        await client.aclose()
        with pytest.raises(ClientLeft):
            await wire.send(LARGE)
        assert wire.broken
        with pytest.raises(ClientLeft):
            await wire.send(b"more")

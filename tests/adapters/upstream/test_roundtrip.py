"""Requests over connections that are used again, that break, that are slow to take, and that are cancelled."""

import gc
import random
import socket
import struct
from contextlib import suppress

import pytest
import trio

from sluicegate.adapters.upstream.h1_reader import H1Reader
from sluicegate.adapters.upstream.http import HttpTransport
from sluicegate.adapters.upstream.proxy import Proxies
from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.provider import UpstreamRequest
from tests.adapters.upstream.framings import OK
from tests.adapters.upstream.upstreams import CHUNKED, answer, post, read, serving
from tests.upstreams.faulty import Break, FaultyUpstream

LONG = b"x" * 20_000_000
"""More than the kernel takes in one go."""


async def request_of(stream: trio.SocketStream) -> bytes:
    """Read one request with a length; return its body."""
    seen = bytearray()
    while b"\r\n\r\n" not in seen:
        seen += await stream.receive_some()
    head, _, body = bytes(seen).partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    parts = [body]
    size = len(body)
    while size < length:
        parts.append(bytes(await stream.receive_some(1_000_000)))
        size += len(parts[-1])
    return b"".join(parts)


async def test_the_connection_that_was_used_last_is_used_next(transport):
    ports = []

    async def handler(stream):
        while True:
            await stream.receive_some()
            ports.append(stream.socket.getpeername()[1])
            await stream.send_all(answer(b"ok"))

    async with serving(handler) as url:
        first = await transport.send(post(url), connect=1.0)
        # Both answers are complete already, so that a second connection has to be held open by hand.
        held = await transport.pool.acquire(next(iter(transport.pool._hosts)))
        second = await transport.send(post(url), connect=1.0)
        transport.pool.release(held)
        for response in (first, second):
            assert await read(response) == b"ok"
        await transport.send(post(url), connect=1.0)
    assert ports[0] != ports[1]
    assert ports[2] == ports[0]


@pytest.mark.parametrize("sent", [answer(b"ok"), CHUNKED + b"2\r\nok\r\n0\r\n\r\n"])
async def test_an_answer_leaves_nothing_for_the_garbage_collector(transport, sent):
    async def handler(stream):
        await stream.receive_some()
        await stream.send_all(sent)

    async with serving(handler) as url:
        gc.collect()
        gc.disable()
        try:
            response = await transport.send(post(url), connect=1.0)
            assert await read(response) == b"ok"
            del response
            left = [each for each in gc.get_objects() if isinstance(each, H1Reader)]
        finally:
            gc.enable()
    assert left == []


async def test_used_connection_that_dies_before_any_byte_is_replaced_once_unseen(transport):
    """The other side closes as our request is on its way: at the time of asking, the connection looked good."""
    upstream = FaultyUpstream([answer(b"one")], [Break.FIN], [answer(b"two")])
    async with upstream.serving():
        assert await read(await transport.send(post(upstream.url), connect=1.0)) == b"one"
        assert await read(await transport.send(post(upstream.url), connect=1.0)) == b"two"
    assert (len(upstream.visits), upstream.connections) == (3, 2)


async def test_used_connection_that_is_reset_is_replaced_too(transport):
    upstream = FaultyUpstream([answer(b"one")], [Break.RST], [answer(b"two")])
    async with upstream.serving():
        await read(await transport.send(post(upstream.url), connect=1.0))
        assert await read(await transport.send(post(upstream.url), connect=1.0)) == b"two"


async def test_it_is_replaced_once_and_not_twice(transport):
    upstream = FaultyUpstream([answer(b"one")], [Break.FIN], [Break.FIN])
    async with upstream.serving():
        await read(await transport.send(post(upstream.url), connect=1.0))
        with pytest.raises(UpstreamError, match="before it answered"):
            await transport.send(post(upstream.url), connect=1.0)
    assert len(upstream.visits) == 3
    assert transport.pool.open == 0


async def test_used_connection_that_dies_behind_a_byte_of_the_answer_is_not_replaced(transport):
    upstream = FaultyUpstream([answer(b"one")], [b"H", Break.FIN])
    async with upstream.serving():
        await read(await transport.send(post(upstream.url), connect=1.0))
        with pytest.raises(UpstreamError, match="before it answered"):
            await transport.send(post(upstream.url), connect=1.0)
    assert len(upstream.visits) == 2


async def test_connection_that_was_closed_while_idle_is_not_asked(transport):
    upstream = FaultyUpstream([answer(b"one"), 0.02, Break.FIN], [answer(b"two")])
    async with upstream.serving():
        await read(await transport.send(post(upstream.url), connect=1.0))
        await trio.sleep(0.1)
        assert await read(await transport.send(post(upstream.url), connect=1.0)) == b"two"
    assert len(upstream.visits) == 2


async def test_long_request_arrives_whole(transport):
    async def handler(stream):
        body = await request_of(stream)
        await stream.send_all(answer(b"%d" % len(body)))

    async with serving(handler) as url:
        response = await transport.send(UpstreamRequest("POST", url, (), LONG), connect=1.0)
        assert await read(response) == b"20000000"


async def test_answer_that_begins_before_a_long_request_has_gone_is_read_behind_it(transport):
    async def handler(stream):
        await stream.receive_some(10)
        await stream.send_all(CHUNKED)
        body = b"x" * 10 + await drained(stream, len(LONG))
        await stream.send_all(b"8\r\n%08d\r\n0\r\n\r\n" % (len(body) >= len(LONG)))
        await trio.sleep_forever()

    async def drained(stream, least):
        size = 0
        while size < least:
            size += len(await stream.receive_some(1_000_000))
        return b"x" * size

    async with serving(handler) as url:
        response = await transport.send(UpstreamRequest("POST", url, (), LONG), connect=1.0)
        assert await read(response) == b"00000001"
        assert transport.pool.idle == 1


@pytest.mark.parametrize("then", ["holds", "closes", "resets"])
async def test_early_refusal_of_a_long_request_is_the_answer(transport, then):
    async def handler(stream):
        await stream.receive_some(10)
        await stream.send_all(answer(b"too long", status=b"413 Content Too Large"))
        if then == "holds":
            await trio.sleep_forever()
        if then == "resets":
            await trio.sleep(0.05)  # so that the answer has been read; what is behind a reset may be lost
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await stream.aclose()

    async with serving(handler) as url:
        with trio.fail_after(2):
            response = await transport.send(UpstreamRequest("POST", url, (), LONG), connect=1.0)
            assert response.head.status == 413
            assert await read(response) == b"too long"
        assert transport.pool.open == 0


async def test_long_request_to_one_who_hangs_up_is_an_error(transport):
    async def handler(stream):
        await stream.receive_some(10)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await stream.aclose()

    async with serving(handler) as url:
        with trio.fail_after(2), pytest.raises(UpstreamError, match="before it answered"):
            await transport.send(UpstreamRequest("POST", url, (), LONG), connect=1.0)
    assert transport.pool.open == 0


async def test_who_is_cancelled_while_sending_leaves_nothing_open(transport):
    async def handler(stream):
        await trio.sleep_forever()

    async with serving(handler) as url:
        with trio.move_on_after(0.05) as scope:
            await transport.send(UpstreamRequest("POST", url, (), LONG), connect=1.0)
        assert scope.cancelled_caught
    assert transport.pool.open == 0


async def test_body_that_is_there_is_thrown_away_to_save_the_connection(transport):
    upstream = FaultyUpstream([answer(b"x" * 1000)], [answer(b"two")])
    async with upstream.serving():
        response = await transport.send(post(upstream.url), connect=1.0)
        await response.aclose()
        assert await read(await transport.send(post(upstream.url), connect=1.0)) == b"two"
    assert upstream.connections == 1


async def test_body_that_never_ends_is_not_read_for_it(transport):
    async def handler(stream):
        await stream.receive_some()
        await stream.send_all(OK + b"Content-Length: 90000000\r\n\r\n" + b"x" * 1_000_000)
        with suppress(trio.BrokenResourceError):
            await stream.send_all(b"x" * 89_000_000)

    async with serving(handler) as url:
        response = await transport.send(post(url), connect=1.0)
        await response.aclose()
        assert transport.pool.open == 0


async def test_more_callers_than_connections_take_turns():
    peak = now = 0

    async def handler(stream):
        nonlocal peak, now
        now += 1
        peak = max(peak, now)
        with suppress(trio.BrokenResourceError):
            while await stream.receive_some():
                await stream.send_all(answer(b"ok"))
        now -= 1

    transport = HttpTransport(max_connections=4, proxies=Proxies({}))
    async with serving(handler) as url, trio.open_nursery() as nursery:
        done = 0

        async def caller():
            nonlocal done
            assert await read(await transport.send(post(url), connect=5.0)) == b"ok"
            done += 1
            if done == 100:
                await transport.aclose()

        for _ in range(100):
            nursery.start_soon(caller)
    assert (peak, done) == (4, 100)


@pytest.mark.parametrize("seed", range(6))
async def test_a_storm_of_cancellations_over_sockets_leaks_nothing(seed):
    """Callers are cancelled at random instants: in the queue, dialling, sending, reading, behind the end."""
    print(f"seed {seed}")
    rng = random.Random(seed)
    alive: set[trio.SocketStream] = set()

    async def handler(stream):
        alive.add(stream)
        try:
            with suppress(trio.BrokenResourceError):
                while await stream.receive_some():
                    for piece in (CHUNKED, b"2\r\nhi\r\n", b"2\r\nho\r\n", b"0\r\n\r\n"):
                        await stream.send_all(piece)
                        await trio.sleep(rng.choice([0, 0, 0.0005]))
                    if rng.random() < 0.1:
                        return
        finally:
            alive.discard(stream)

    transport = HttpTransport(max_connections=5, keep_idle=3, proxies=Proxies({}))
    whole = 0

    async def caller():
        nonlocal whole
        for _ in range(10):
            with trio.move_on_after(rng.random() * 0.02), suppress(UpstreamError):
                response = await transport.send(post(url), connect=5.0)
                try:
                    assert await read(response) == b"hiho"
                    whole += 1
                finally:
                    await response.aclose()

    async with serving(handler) as url:
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(caller)
        assert whole > 0
        assert transport.pool.waiting == 0
        assert transport.pool.open == transport.pool.idle <= 3
        assert await read(await transport.send(post(url), connect=5.0)) == b"hiho"
        await transport.aclose()
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert not alive

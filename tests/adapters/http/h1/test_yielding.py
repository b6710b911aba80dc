"""A server that leaves its socket to others: it accepts nothing more, and serves those that it has to their end."""

from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio

from sluicegate.adapters.http.h1.limits import Limits
from sluicegate.adapters.http.server import serve_http
from sluicegate.adapters.http.sockets import listen
from tests.adapters.http.h1.edge import on_http, read_body, reply

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
SOON = Limits(last_time=0.2, tick=0.05)


class House:
    def __init__(self, sock):
        self.address = sock.getsockname()
        self.go = trio.Event()
        self.reached = trio.Event()
        self.yields = trio.Event()
        self.ended = trio.Event()

    async def connect(self):
        return await trio.open_tcp_stream(*self.address)

    async def app(self, scope, receive, send):
        await read_body(receive)
        self.reached.set()
        if scope["path"] == "/slow":
            await self.go.wait()
        await reply(send, b"done")


@asynccontextmanager
async def house(limits=SOON):
    # Two processes have it: what one of them does with it does not close it.
    with listen("127.0.0.1", 0) as sock:
        made = House(sock)
        async with trio.open_nursery() as nursery:

            async def serve(*, task_status):
                serving = partial(serve_http, yielding=made.yields.wait, limits=limits, task_status=task_status)
                await serving(on_http(made.app), sock.dup(), trio.sleep_forever)
                made.ended.set()

            await nursery.start(serve)
            with trio.fail_after(10):
                yield made
            nursery.cancel_scope.cancel()


async def answer(stream):
    received = b""
    while not received.endswith(b"done"):
        part = await stream.receive_some()
        assert part, received
        received += part
    return received


async def test_an_answer_under_way_is_finished_and_the_server_ends_with_it():
    async with house() as served:
        async with await served.connect() as stream:
            await stream.send_all(GET.replace(b"/ ", b"/slow "))
            await served.reached.wait()
            served.yields.set()
            await trio.sleep(0.5)
            assert not served.ended.is_set()
            served.go.set()
            assert b"connection: close" in await answer(stream)
            assert await stream.receive_some() == b""
        await served.ended.wait()


@pytest.mark.parametrize("pause", [0.0, 0.1], ids=["at once", "after a while"])
async def test_a_request_on_a_connection_that_was_said_to_stay_open_is_still_answered(pause):
    async with house(Limits(last_time=5.0, tick=0.05)) as served, await served.connect() as stream:
        await stream.send_all(GET)
        assert b"connection: close" not in await answer(stream)
        served.yields.set()
        await trio.sleep(pause)
        last = b""
        while b"connection: close" not in last:
            await stream.send_all(GET)
            last = await answer(stream)
        assert await stream.receive_some() == b""
        await served.ended.wait()


async def test_a_connection_on_which_nothing_comes_is_closed_after_a_while():
    async with house() as served, await served.connect() as stream:
        await stream.send_all(GET)
        await answer(stream)
        began = trio.current_time()
        served.yields.set()
        assert await stream.receive_some() == b""
        assert 0.2 <= trio.current_time() - began < 2
        await served.ended.wait()


async def test_without_connections_it_ends_at_once_and_whoever_comes_waits_for_others():
    async with house() as served:
        served.yields.set()
        await served.ended.wait()
        async with await served.connect() as stream:
            await stream.send_all(GET)
            with trio.move_on_after(0.2) as patience:
                await stream.receive_some()
            assert patience.cancelled_caught


@pytest.mark.parametrize("late", range(5))
async def test_who_was_accepted_as_it_yields_is_served(late):
    async with house() as served:
        streams = [await served.connect() for _ in range(20)]
        for _ in range(late):
            await trio.lowlevel.checkpoint()
        served.yields.set()
        accepted = 0
        for stream in streams:
            async with stream:
                await stream.send_all(GET)
                with trio.move_on_after(0.3):
                    assert await answer(stream)
                    accepted += 1
        await served.ended.wait()
        assert served.reached.is_set() == (accepted > 0)

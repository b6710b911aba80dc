"""Clients that close their own side and read on, where the configuration takes that for staying."""

from functools import partial

import pytest
import trio

from sluicegate.adapters.http.h1.limits import Limits
from sluicegate.pipeline.config.sections import ServerSettings
from tests.adapters.http.h1.edge import on_http, read_body, reply, serving

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
staying = partial(serving, settings=ServerSettings(half_close=True))


class Stage:
    """An application that answers when the test lets it, and tells what it was told."""

    def __init__(self):
        self.reached = trio.Event()
        self.go_on = trio.Event()
        self.told = []

    async def __call__(self, scope, receive, send):
        self.told.append(await read_body(receive))
        self.reached.set()
        await self.go_on.wait()
        await reply(send, b"a" * 10)


async def test_it_is_answered_and_then_the_connection_ends():
    stage = Stage()
    async with staying(on_http(stage)) as served, served.client() as client:
        await client.send(GET)
        await stage.reached.wait()
        await client.stream.send_eof()
        await trio.sleep(0.1)
        stage.go_on.set()
        assert (await client.answer()).body == b"a" * 10
        await client.assert_closed()


async def test_without_the_setting_the_same_client_gets_nothing():
    stage = Stage()
    async with serving(on_http(stage)) as served, served.client() as client:
        await client.send(GET)
        await stage.reached.wait()
        await client.stream.send_eof()
        await trio.sleep(0.1)
        stage.go_on.set()
        answer = await client.answer()
        assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("ahead", [64 * 1024, 10], ids=["read ahead", "not read"])
async def test_requests_that_came_before_its_end_are_all_answered_in_order(ahead):
    numbers = iter(range(10))

    @on_http
    async def app(scope, receive, send):
        await read_body(receive)
        await trio.sleep(0.05)
        await reply(send, b"%d" % next(numbers))

    async with staying(app, Limits(ahead=ahead)) as served, served.client() as client:
        await client.send(GET * 4)
        await client.stream.send_eof()
        assert [(await client.answer()).body for _ in range(4)] == [b"0", b"1", b"2", b"3"]
        await client.assert_closed()


async def test_half_a_body_is_still_no_request():
    stage = Stage()
    stage.go_on.set()
    async with staying(on_http(stage)) as served, served.client() as client:
        await client.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf")
        await client.stream.send_eof()
        with trio.fail_after(5):
            await stage.reached.wait()
    assert stage.told == [None]


async def test_half_a_body_behind_a_whole_request_is_no_request_either():
    stage = Stage()
    async with staying(on_http(stage)) as served, served.client() as client:
        await client.send(GET + b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf")
        await client.stream.send_eof()
        await stage.reached.wait()
        await trio.sleep(0.1)
        stage.go_on.set()
        assert (await client.answer()).body == b"a" * 10
        await client.to_the_end()
    assert stage.told == [b"", None]


async def test_a_client_that_is_gone_is_noticed_by_the_write_that_fails():
    reached = trio.Event()
    go_on = trio.Event()
    told = []

    @on_http
    async def app(scope, receive, send):
        await read_body(receive)
        reached.set()
        await go_on.wait()
        try:
            await reply(send, more=True)
            while True:
                await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
                await trio.sleep(0.01)
        except OSError:
            told.append((await receive())["type"])

    async with staying(app) as served:
        async with served.client() as client:
            await client.send(GET)
            await reached.wait()
            await client.stream.send_eof()
            await trio.sleep(0.1)  # until its end has been read
        go_on.set()
        with trio.fail_after(5):
            while not told:  # noqa: ASYNC110  # nothing else tells
                await trio.sleep(0.01)
    assert told == ["http.disconnect"]

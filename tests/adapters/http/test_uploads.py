"""Bodies that never come to their end, over real sockets: they are bounded though nothing was admitted."""

from functools import partial

import pytest
import trio

from sluicegate.pipeline.config.load import load_values
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.registry import Registry
from tests.adapters.http.harness import CHAT, house, read_answer, request

CHATS = "/v1/chat/completions"
KIB = 1024


def unfinished(size):
    """Return a request that has sent all but one byte of its body."""
    return request("POST", CHATS, b" " * size)[:-1]


async def until(status, ask):
    """Ask until the answer has this status, and return it: nothing else tells what a server has read by now."""
    with trio.fail_after(10):
        while True:
            answer = await ask()
            if answer.status == status:
                return answer


async def test_unfinished_bodies_take_no_more_than_there_is_room_and_ordinary_requests_still_pass():
    async with house(server={"max_body": "128KiB", "max_incoming": "256KiB"}) as running:
        async with trio.open_nursery() as nursery:
            streams = [await running.connect() for _ in range(2)]
            for stream in streams:
                nursery.start_soon(stream.send_all, unfinished(128 * KIB))
        large = partial(running.ask, "POST", CHATS, b" " * 128 * KIB)
        refused = await until(503, large)
        assert running.gateway.in_flight == 0
        assert refused.error["code"] == "overloaded"
        assert refused.error["message"] == "the requests that are coming in take 256 KiB together, their limit"
        assert refused.headers["retry-after"] == "1"
        assert (await running.chat()).status == 200
        for stream in streams:
            await stream.aclose()
        await until(400, large)
        await running.assert_well()


async def test_there_are_no_more_unfinished_bodies_than_requests_may_be_under_way():
    async with house(server={"max_in_flight": 2}) as running:
        streams = [await running.connect() for _ in range(2)]
        for stream in streams:
            await stream.send_all(unfinished(100))
        refused = await until(503, running.chat)
        assert refused.error["message"] == "the gateway is reading 2 requests, its limit"
        await streams[0].send_all(b" ")
        assert (await read_answer(streams[0])).status == 400
        assert (await running.chat()).status == 200
        for stream in streams:
            await stream.aclose()


async def test_bodies_that_fit_are_all_taken():
    async with house(server={"max_incoming": "10MiB"}) as running:
        body = {**CHAT, "user": "x" * 500 * KIB}
        async with trio.open_nursery() as nursery:
            answers = []

            async def one():
                answers.append((await running.ask("POST", CHATS, body)).status)

            for _ in range(10):
                nursery.start_soon(one)
        assert answers == [200] * 10


def test_room_for_less_than_one_body_is_refused_as_a_setting():
    with pytest.raises(ConfigError, match="max_incoming: must be at least max_body"):
        load_values({"server": {"max_body": "1MiB", "max_incoming": "1023KiB"}}, {}, Registry())

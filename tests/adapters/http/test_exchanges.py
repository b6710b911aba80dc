"""A request's whole life over a real socket, and clients that leave at any moment of it."""

from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from sluicegate.adapters.http.h1.limits import Limits
from sluicegate.pipeline.config.sections import ServerSettings
from sluicegate.pipeline.errors import StreamInterrupted
from sluicegate.pipeline.life import State
from sluicegate.pipeline.reply import Chunk, ChunkKind, Reply
from sluicegate.pipeline.stage import Verdict
from tests.adapters.http.harness import CHAT, house, house_of, read_answer, request

CHATS = "/v1/chat/completions"
PROMPTLY = 0.1
"""Seconds in which an exchange must end when its client leaves."""


class Script:
    """A stage that does with each exchange what the test says, and tells how it went."""

    def __init__(self, act):
        self._act = act
        self.reached = trio.Event()
        self.cancelled_at = None
        self.exchange = None

    async def attend(self, exchange):
        self.exchange = exchange
        try:
            return await self._act(self, exchange)
        except trio.Cancelled:
            self.cancelled_at = trio.current_time()
            raise

    async def until_cancelled(self):
        """Stay in the stage for ever."""
        self.reached.set()
        await trio.sleep_forever()


async def wait(script, exchange):
    await script.until_cancelled()


def streams(*batches, then=None):
    async def source(script):
        try:
            for batch in batches:
                yield batch
            script.reached.set()
            if isinstance(then, Exception):
                raise then
            if then is None:
                await trio.sleep_forever()
        except trio.Cancelled:
            script.cancelled_at = trio.current_time()
            raise

    async def act(script, exchange):
        exchange.reply = Reply(stream=source(script))
        return Verdict.REPLY

    return act


def content(text):
    return Chunk(text.encode(), ChunkKind.CONTENT)


async def answers_at_once(script, exchange):
    exchange.reply = Reply(body=exchange.request.body)
    return Verdict.REPLY


async def test_the_request_reaches_the_pipeline_as_it_was_sent():
    script = Script(answers_at_once)
    async with house_of(script) as running:
        headers = [("authorization", "Bearer k"), ("x-request-id", "mine"), ("x-sluicegate-timeout", "2500ms")]
        answer = await running.ask("POST", CHATS + "?beta=true", {"a": 1}, headers)
        seen = script.exchange.request
        assert (answer.status, answer.json) == (200, {"a": 1})
        assert (seen.operation, seen.credential, seen.label, seen.timeout) == ("chat", "k", "mine", 2.5)
        assert "authorization" not in seen.headers
        assert script.exchange.deadline == script.exchange.started + 2.5
        assert answer.headers["x-request-id"] == answer.headers["request-id"] == "mine"
        assert answer.headers["x-sluicegate-attempts"] == "0"
        assert answer.headers["server-timing"].startswith("stage0;dur=")
        assert "server" not in answer.headers


async def test_a_callers_key_for_a_provider_is_no_header_any_more():
    script = Script(answers_at_once)
    async with house_of(script) as running:
        answer = await running.ask("POST", CHATS, {"a": 1}, [("x-sluicegate-provider-key", "up=sk-own")])
        assert answer.status == 200
        assert script.exchange.request.provider_keys == {"up": "sk-own"}
        assert "sk-own" not in str(script.exchange.request.headers)
        refusal = await running.ask("POST", CHATS, {"a": 1}, [("x-sluicegate-provider-key", "sk-own")])
        assert (refusal.status, refusal.error["param"]) == (400, "x-sluicegate-provider-key")
        assert b"sk-own" not in refusal.body


async def test_the_deadline_that_a_client_shortened_ends_its_request():
    async with house_of(Script(wait)) as running:
        answer = await running.ask("POST", CHATS, {}, [("x-sluicegate-timeout", "300ms")])
        assert (answer.status, answer.error["code"]) == (504, "deadline_exceeded")
        await running.assert_well()


async def test_chunks_that_come_together_leave_in_one_write_and_the_end_is_clean():
    script = Script(streams([content("1"), content("2")], [content("3")], then="end"))
    async with house_of(script) as running:
        answer = await running.ask("POST", CHATS, {})
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.body == b"data: 1\n\ndata: 2\n\ndata: 3\n\ndata: [DONE]\n\n"
        assert answer.complete
        await running.until_idle()
        assert script.exchange.outcome is State.OK


async def test_a_cut_stream_ends_with_an_error_in_band_and_not_as_if_complete():
    script = Script(streams([content("1")], then=StreamInterrupted("cut")))
    async with house_of(script) as running:
        answer = await running.ask("POST", CHATS, {})
        assert answer.status == 200
        assert answer.events[0] == "1"
        assert "stream_interrupted" in answer.events[1]
        assert len(answer.events) == 2
        assert answer.complete
        await running.assert_well()


async def assert_left_promptly(running, script, left):
    await running.until_idle()
    assert script.cancelled_at is not None
    assert script.cancelled_at - left < PROMPTLY
    assert script.exchange.outcome is State.CANCELLED
    assert script.exchange.error.code == "client_closed_request"
    await running.assert_well()


@pytest.mark.parametrize("abruptly", [False, True], ids=["politely", "abruptly"])
@pytest.mark.parametrize("behind", [0, 5, 3000], ids=["nothing waits", "some waits", "more waits than is read"])
async def test_a_client_that_leaves_while_the_gateway_waits_ends_the_wait_at_once(behind, abruptly):
    script = Script(wait)
    async with house_of(script) as running:
        stream = await running.connect()
        await stream.send_all(request("POST", CHATS, {}))
        await script.reached.wait()
        await stream.send_all(request("GET", "/health") * behind)
        await trio.sleep(0.1)  # until as much of it has been read as will be
        left = trio.current_time()
        await leave(stream, abruptly=abruptly)
        await assert_left_promptly(running, script, left)


@pytest.mark.parametrize("abruptly", [False, True], ids=["politely", "abruptly"])
async def test_a_client_that_leaves_in_mid_stream_ends_the_stream_at_once(abruptly):
    script = Script(streams([content("1")]))
    async with house_of(script) as running:
        stream = await running.connect()
        await stream.send_all(request("POST", CHATS, {}))
        await script.reached.wait()
        await stream.receive_some(10)
        left = trio.current_time()
        await leave(stream, abruptly=abruptly)
        await assert_left_promptly(running, script, left)


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "plain"])
async def test_a_client_that_stops_reading_is_cut_off_and_its_exchange_cancelled(streamed):
    large = 20_000_000

    async def answers_at_length(script, exchange):
        exchange.reply = Reply(body=b"x" * large)
        return Verdict.REPLY

    script = Script(streams([content("x" * large)]) if streamed else answers_at_length)
    async with house_of(script, limits=Limits(write_time=0.3, tick=0.05)) as running:
        async with await running.connect() as stream:
            await stream.send_all(request("POST", CHATS, {}))
            with trio.fail_after(5):
                while script.exchange is None or script.exchange.outcome is None:  # noqa: ASYNC110  # nothing tells of it
                    await trio.sleep(0.01)
        assert script.exchange.outcome is State.CANCELLED
        assert script.exchange.error.code == "client_closed_request"
        await running.assert_well()


async def leave(stream, *, abruptly):
    if abruptly:
        # Zero seconds of linger: the connection is reset instead of closed.
        stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    await stream.aclose()


@pytest.mark.parametrize("cut", [0, 1, 30, -1], ids=["no byte", "one byte", "mid-head", "all but one byte"])
async def test_a_client_that_leaves_before_its_request_is_complete_makes_no_exchange(cut):
    script = Script(answers_at_once)
    async with house_of(script) as running:
        for abruptly in (False, True):
            stream = await running.connect()
            await stream.send_all(request("POST", CHATS, CHAT)[:cut])
            await trio.testing.wait_all_tasks_blocked()
            await leave(stream, abruptly=abruptly)
        await running.assert_well()
        assert script.exchange is None


async def test_a_client_that_leaves_right_after_its_request_breaks_nothing():
    async with house() as running:
        for _ in range(20):
            stream = await running.connect()
            await stream.send_all(request("POST", CHATS, {**CHAT, "stream": True}))
            await leave(stream, abruptly=True)
        await running.assert_well()


async def test_a_client_too_slow_to_send_its_request_is_told_so():
    async with house_of(Script(answers_at_once), settings=ServerSettings(timeout=0.3)) as running:
        async with await running.connect() as stream:
            await stream.send_all(request("POST", CHATS, {"a": 1})[:-1])
            answer = await read_answer(stream)
        assert (answer.status, answer.error["code"]) == (408, "request_timeout")
        await running.assert_well()


async def test_requests_on_one_connection_follow_each_other():
    async with house_of(Script(answers_at_once)) as running, await running.connect() as stream:
        for number in range(5):
            await stream.send_all(request("POST", CHATS, {"n": number}))
            assert (await read_answer(stream)).json == {"n": number}


async def test_pipelined_requests_are_answered_in_order():
    async with house_of(Script(answers_at_once)) as running, await running.connect() as stream:
        await stream.send_all(b"".join(request("POST", CHATS, {"n": number}) for number in range(3)))
        received = b""
        with trio.fail_after(10):
            while received.count(b'{"n": ') < 3:
                received += await stream.receive_some()
        assert [received.index(b'{"n": %d}' % number) for number in range(3)] == sorted(
            received.index(b'{"n": %d}' % number) for number in range(3)
        )


async def test_a_draining_gateway_refuses_with_503_and_says_when_to_come_back():
    script = Script(wait)
    async with house_of(script) as running, trio.open_nursery() as nursery:
        nursery.start_soon(running.ask, "POST", CHATS, {})
        await script.reached.wait()
        nursery.start_soon(running.gateway.drain, 5.0)
        await trio.testing.wait_all_tasks_blocked()
        answer = await running.ask("POST", CHATS, {})
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert (await running.ask("GET", "/health/readiness")).status == 503
        assert (await running.ask("GET", "/health/liveliness")).status == 200
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def half_sent(running):
    """Give a connection on which all but the last byte of a request has been read, and that byte."""
    whole = request("POST", CHATS, {})
    async with await running.connect() as stream:
        await stream.send_all(whole[:-1])
        with trio.fail_after(10):
            while not running.gateway.arrivals:  # noqa: ASYNC110  # nothing tells when a server has read so far
                await trio.sleep(0.005)
        yield stream, whole[-1:]


async def test_a_drain_waits_for_a_request_that_is_coming_in_and_serves_it():
    async with house_of(Script(answers_at_once)) as running, half_sent(running) as (stream, rest):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(running.gateway.drain, 5.0)
            await trio.testing.wait_all_tasks_blocked()
            assert (await running.ask("POST", CHATS, {})).status == 503
            await stream.send_all(rest)
            assert (await read_answer(stream)).status == 200
        assert not running.gateway.arrivals


async def test_a_request_that_is_still_coming_in_when_the_patience_is_over_is_told_so():
    async with house_of(Script(answers_at_once)) as running, half_sent(running) as (stream, _):
        await running.gateway.drain(0.05)
        answer = await read_answer(stream)
        assert (answer.status, answer.error["code"], answer.headers["retry-after"]) == (503, "shutting_down", "1")

"""A program that stops waiting stops the upstream call, by trio's own means. All times are exact."""

import pytest
import trio

from sluicegate import open_gateway
from sluicegate.pipeline.errors import DeadlineExceeded, StreamInterrupted
from sluicegate.pipeline.life import State
from sluicegate.testing import ScriptedResponse, ScriptedTransport
from tests.library.upstream import MODEL, answer, endless, over, streamed, whole


async def test_the_programs_own_timeout_ends_the_upstream_call(autojump_clock):
    slow_body = ScriptedResponse((100.0, answer()))
    transport = ScriptedTransport(whole(answer(), after=0.5), slow_body)
    records = []
    async with open_gateway(over(transport), environ={}, access_log=records.append) as gateway:
        await gateway.chat(MODEL, "one")
        with trio.move_on_after(2.0) as scope:
            await gateway.chat(MODEL, "two")
        assert scope.cancelled_caught
        assert trio.current_time() == 2.5
        assert slow_body.closed == 2.5
    assert [(record["outcome"], record["status"]) for record in records] == [("ok", 200), ("cancelled", 499)]


async def test_fail_after_arrives_as_trios_own_exception(autojump_clock):
    async with open_gateway(over(ScriptedTransport(whole(answer(), after=100.0))), environ={}) as gateway:
        with pytest.raises(trio.TooSlowError):
            with trio.fail_after(3.0):
                await gateway.chat(MODEL, "Hello")
        assert trio.current_time() == 3.0
        assert gateway.gateway.in_flight == 0


async def test_the_programs_own_timeout_ends_a_stream(autojump_clock):
    upstream = endless()
    async with open_gateway(over(ScriptedTransport(upstream)), environ={}) as gateway:
        seen = []
        with trio.move_on_after(4.0) as scope:
            async with gateway.stream_chat(MODEL, "Hello") as stream:
                async for delta in stream:
                    seen.append(delta.text)
        assert scope.cancelled_caught
        assert seen == ["Hi"]
        assert upstream.closed == 4.0
        assert stream.exchange.outcome is State.CANCELLED


async def test_leaving_a_stream_early_ends_the_upstream_call_at_once(autojump_clock):
    upstream = streamed("a", "b", "c")
    records = []
    async with open_gateway(over(ScriptedTransport(upstream)), environ={}, access_log=records.append) as gateway:
        async with gateway.stream_chat(MODEL, "Hello") as stream:
            async for delta in stream:
                if delta.text == "b":
                    break
        assert upstream.closed == 2.0
    assert [record["outcome"] for record in records] == ["cancelled"]


async def test_an_exception_in_a_streams_block_arrives_as_itself_and_ends_the_call(autojump_clock):
    upstream = streamed("a", "b", "c")
    mine = ValueError("mine")
    async with open_gateway(over(ScriptedTransport(upstream)), environ={}) as gateway:

        async def read() -> None:
            async with gateway.stream_chat(MODEL, "Hello") as stream:
                await anext(stream)
                raise mine

        with pytest.raises(ValueError, match="mine") as raised:
            await read()
        assert raised.value is mine
        assert upstream.closed == 1.0


async def test_a_stream_cannot_be_read_after_its_block(autojump_clock):
    async with open_gateway(over(ScriptedTransport(streamed("a", "b"))), environ={}) as gateway:
        async with gateway.stream_chat(MODEL, "Hello") as stream:
            await anext(stream)
        with pytest.raises(RuntimeError, match="inside `async with`"):
            await anext(stream)


async def test_a_cut_stream_raises_after_the_chunks_that_came(autojump_clock):
    upstream = streamed("a", "b", complete=False)
    async with open_gateway(over(ScriptedTransport(upstream)), environ={}) as gateway:
        streams, seen = [], []

        async def read() -> None:
            async with gateway.stream_chat(MODEL, "Hello") as stream:
                streams.append(stream)
                async for delta in stream:
                    seen.append(delta.text)

        with pytest.raises(StreamInterrupted):
            await read()
        assert seen == ["a", "b"]
        assert streams[0].exchange.outcome is State.FAILED


async def test_timeout_bounds_a_plain_call(autojump_clock):
    upstream = whole(answer(), after=100.0)
    async with open_gateway(over(ScriptedTransport(upstream)), environ={}) as gateway:
        with pytest.raises(DeadlineExceeded, match="deadline of 5 s"):
            await gateway.chat(MODEL, "Hello", timeout=5.0)
        assert trio.current_time() == 5.0


async def test_timeout_bounds_a_stream_whatever_its_reader_does(autojump_clock):
    upstream = endless()
    async with open_gateway(over(ScriptedTransport(upstream)), environ={}) as gateway:

        async def read_slowly() -> None:
            async with gateway.stream_chat(MODEL, "Hello", timeout=5.0) as stream:
                await anext(stream)
                await trio.sleep(60.0)

        with pytest.raises(DeadlineExceeded):
            await read_slowly()
        assert upstream.closed == 5.0


async def test_the_gateways_own_limit_is_not_stretched_by_a_callers_timeout(autojump_clock):
    builder = over(ScriptedTransport(whole(answer(), after=100.0))).server(timeout="7s")
    async with open_gateway(builder, environ={}) as gateway:
        with pytest.raises(DeadlineExceeded):
            await gateway.chat(MODEL, "Hello", timeout=50.0)
        assert trio.current_time() == 7.0

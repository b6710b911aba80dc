"""Chunks on their way out: in time, through the taps, and never a clean end for what was cut."""

import pytest
import trio

from sluicegate.pipeline.errors import InvalidRequest, StageCrashed, StreamInterrupted
from sluicegate.pipeline.life import State
from sluicegate.pipeline.reply import ChunkKind, Reply
from sluicegate.testing import ScriptedStream, SpyOutlet, answering, chat, chunk, gateway_of, judging


def streaming(*script, taps=()):
    def answer(exchange):
        exchange.taps += taps
        return Reply(stream=ScriptedStream(*script))

    return judging(answer)


async def serve(*script, taps=()):
    async with gateway_of(streaming(*script, taps=taps)) as gateway:
        exchange, outlet = gateway.exchange(chat()), SpyOutlet()
        await gateway.serve(exchange, outlet)
    return exchange, outlet


async def test_chunks_leave_when_they_come_and_together_if_they_came_together(autojump_clock):
    exchange, outlet = await serve((1, "a"), (2, [chunk("b"), chunk("c")]), (0, "d"))
    assert outlet.written == [(0.0, "open"), (1.0, '"a"'), (3.0, '"b""c"'), (3.0, '"d"'), (3.0, "close")]
    assert (exchange.outcome, exchange.complete) == (State.OK, True)


async def test_empty_stream_ends_cleanly(autojump_clock):
    exchange, outlet = await serve()
    assert (outlet.texts, exchange.outcome, exchange.first_content) == (["open", "close"], State.OK, None)


async def test_first_content_is_timed_past_what_is_no_content(autojump_clock):
    head, finish = [chunk("r", ChunkKind.HEAD)], [chunk("s", ChunkKind.FINISH)]
    exchange, _ = await serve((1, head), (1, "a"), (1, "b"), (1, finish))
    assert exchange.first_content == 2.0


async def test_slow_client_holds_back_the_upstream_and_loses_nothing(autojump_clock):
    async with gateway_of(streaming((0, "a"), (0, "b"), (0, "c"))) as gateway:
        outlet = SpyOutlet(seconds=2)
        await gateway.serve(gateway.exchange(chat()), outlet)
    assert outlet.written == [(2.0, "open"), (4.0, '"a"'), (6.0, '"b"'), (8.0, '"c"'), (10.0, "close")]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StreamInterrupted("cut"), "stream_interrupted"),
        (ValueError("a bug"), "stage_crashed"),
        (EOFError(), "stage_crashed"),
    ],
)
async def test_cut_stream_ends_with_its_error_and_never_cleanly(autojump_clock, error, code):
    exchange, outlet = await serve((0, "a"), (1, error))
    assert outlet.written == [(0.0, "open"), (0.0, '"a"'), (1.0, f"close:{code}")]
    assert (exchange.outcome, exchange.complete) == (State.FAILED, False)
    assert error in (exchange.error, exchange.error.__cause__)


async def test_taps_see_chunks_last_added_first_and_each_may_drop_or_replace_them(autojump_clock):
    seen = []

    def drop_b(exchange, each):
        seen.append(each.data)
        return None if each.data == b'"b"' else each

    def shout(exchange, each):
        return chunk(each.data.decode().strip('"').upper())

    _, outlet = await serve((1, "a"), (1, "b"), (1, [chunk("b"), chunk("c")]), taps=[shout, drop_b])
    assert outlet.written == [(0.0, "open"), (1.0, '"A"'), (3.0, '"C"'), (3.0, "close")]
    assert seen == [b'"a"', b'"b"', b'"b"', b'"c"']


async def test_content_that_a_tap_dropped_is_no_first_content(autojump_clock):
    def drop_a(exchange, each):
        return None if each.data == b'"a"' else each

    exchange, _ = await serve((1, "a"), (1, "b"), taps=[drop_a])
    assert exchange.first_content == 2.0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidRequest("not this", code="content_filter"), "content_filter"),
        (ValueError("a bug"), "stage_crashed"),
        (StopAsyncIteration(), "stage_crashed"),
        (StopIteration(), "stage_crashed"),
    ],
)
async def test_tap_that_raises_ends_the_stream_with_its_error(autojump_clock, error, code):
    def raises(exchange, each):
        if each.data == b'"b"':
            raise error
        return each

    exchange, outlet = await serve((0, "a"), (0, "b"), (0, "c"), taps=[raises])
    assert outlet.texts == ["open", '"a"', f"close:{code}"]
    assert (exchange.outcome, exchange.complete) == (State.FAILED, False)


async def test_error_of_a_stream_is_raised_to_a_caller_in_the_same_program_as_itself(autojump_clock):
    cut, got = StreamInterrupted("cut"), []

    async def read(gateway):
        async with gateway.stream(chat()) as flow:
            got.append(flow)
            async for batch in flow:
                got.append(batch[0].data)

    async with gateway_of(streaming((0, "a"), (1, cut))) as gateway:
        with pytest.raises(StreamInterrupted) as raised:
            await read(gateway)
    assert raised.value is cut
    assert got[1:] == [b'"a"']
    assert got[0].exchange.outcome is State.FAILED


async def test_crash_of_a_stream_keeps_its_cause(autojump_clock):
    async with gateway_of(streaming((0, ValueError("a bug")))) as gateway:
        async with gateway.stream(chat()) as flow:
            with pytest.raises(StageCrashed) as raised:
                await anext(flow)
        assert isinstance(raised.value.__cause__, ValueError)
        # Although the block ended well: the answer was not whole.
        assert flow.exchange.outcome is State.FAILED


async def test_stream_read_to_its_end_in_the_same_program_is_ok(autojump_clock):
    async with gateway_of(streaming((1, "a"), (1, "b"))) as gateway:
        async with gateway.stream(chat()) as flow:
            got = [(trio.current_time(), batch[0].data) async for batch in flow]
        assert got == [(1.0, b'"a"'), (2.0, b'"b"')]
        assert (flow.exchange.outcome, flow.exchange.complete) == (State.OK, True)


async def test_stream_of_a_refused_request_raises_before_its_block_runs(autojump_clock):
    def refuse(exchange):
        raise InvalidRequest("no")

    async with gateway_of(judging(refuse)) as gateway:
        with pytest.raises(InvalidRequest, match="no"):
            async with gateway.stream(chat()):
                pytest.fail("there is no stream")


async def test_whole_answer_to_a_caller_in_the_program_that_wants_a_stream_is_a_bug_of_the_pipeline(autojump_clock):
    async with gateway_of(answering()) as gateway:
        with pytest.raises(StageCrashed, match="with a whole body, and not with a stream"):
            async with gateway.stream(chat()):
                pytest.fail("there is no stream")

"""`timeout.min_throughput`: a stream that drips is cut, and says so."""

import pytest

from sluicegate.pipeline.life import State
from sluicegate.testing import SpyOutlet

from .calling import COMMENT, END, ROLE, calling, good_stream, script, streamed, texts, word

SLOW = {"min_throughput": 1.0, "throughput_window": 10.0, "idle": 30.0, "first_token": 60.0}


async def test_a_stream_that_drips_is_cut_in_band_when_its_window_is_over(autojump_clock):
    answer = streamed((1.0, word("a")), *[(3.0, word("b"))] * 100)
    second = script(good_stream())
    async with calling(script(answer), second, timeout=[SLOW, {}]) as bench:
        exchange, outlet = await bench.stream()
    assert outlet.written[-1] == (11.0, "close:upstream_min_throughput")
    assert (exchange.outcome, texts(outlet), answer.closed) == (State.FAILED, "abbb", 11.0)
    assert "less than 1 events a second for 10 s" in exchange.failure.message
    assert exchange.attempts[0].usage.output == 4
    assert second.requests == []


@pytest.mark.parametrize(
    "between", [(0.9, word("b")), (9.0, word("b") * 10)], ids=["steadily", "much at once, now and then"]
)
async def test_a_stream_that_keeps_up_is_left_alone(autojump_clock, between):
    answer = streamed((1.0, word("a")), *[between] * 20, (0.1, END))
    async with calling(script(answer), timeout=SLOW) as bench:
        exchange, _ = await bench.stream()
    assert exchange.outcome is State.OK


async def test_comments_are_no_content(autojump_clock):
    answer = streamed((1.0, word("a")), *[(0.5, COMMENT)] * 100)
    async with calling(script(answer), timeout=SLOW) as bench:
        _, outlet = await bench.stream()
    assert outlet.written[-1] == (11.0, "close:upstream_min_throughput")


async def test_a_client_that_reads_slowly_is_not_the_streams_fault(autojump_clock):
    answer = streamed((1.0, word("a")), *[(0.5, word("b"))] * 20, (0.5, END))
    async with calling(script(answer), timeout={**SLOW, "total": 600.0}) as bench:
        exchange, _ = await bench.stream(SpyOutlet(seconds=8.0))
    assert exchange.outcome is State.OK


async def test_before_content_it_is_the_first_token_that_is_waited_for(autojump_clock):
    answer = streamed((0.0, ROLE), (40.0, word("a")), (0.0, END))
    async with calling(script(answer), timeout=SLOW) as bench:
        exchange, _ = await bench.stream()
    assert exchange.outcome is State.OK

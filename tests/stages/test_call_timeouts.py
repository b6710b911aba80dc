"""Every timeout of `call`, at its exact time on virtual time."""

import math

import pytest
import trio

from sluicegate.pipeline.errors import UpstreamTimeout
from sluicegate.pipeline.life import State
from sluicegate.stages.call import CallSettings
from sluicegate.testing import SpyOutlet, chat

from .calling import COMMENT, END, ROLE, calling, chunk, script, streamed, texts, whole, word

TIMES = {"connect": 1.0, "response": 20.0, "first_token": 5.0, "idle": 3.0, "total": 30.0}
HANG = math.inf


async def test_connecting_has_its_own_limit_and_its_end_names_it(autojump_clock):
    late = UpstreamTimeout("no connection to a.test within 1 s", code="upstream_connect_timeout")
    upstream = script(late)
    async with calling(upstream, timeout=TIMES) as bench:
        exchange, outlet = await bench.plain()
    assert upstream.connects == [1.0]
    assert outlet.texts == ["open:upstream_connect_timeout"]
    assert exchange.failure.status == 504
    assert exchange.failure.message == "provider 'a': no connection to a.test within 1 s"


@pytest.mark.parametrize(
    ("answer", "name", "due"),
    [
        (streamed((0.0, ROLE), wait=HANG), "first_token", 5.0),
        (streamed((1.0, ROLE), (HANG, b"")), "first_token", 5.0),
        (streamed((1.0, ROLE), *[(1.0, COMMENT)] * 100), "first_token", 5.0),
        (streamed((4.0, word("a")), (HANG, b"")), "idle", 7.0),
        (streamed((4.0, word("a")), (2.5, word("b")), (HANG, b"")), "idle", 9.5),
        (streamed((4.0, word("a")), *[(1.0, COMMENT)] * 100), "idle", 7.0),
        (streamed((4.0, word("a")), (2.5, b'data: {"choices": [{"del'), (HANG, b"")), "idle", 7.0),
        (streamed(*[(2.0, word("a"))] * 100), "total", 30.0),
    ],
    ids=[
        "no head",
        "silence behind the role",
        "comments before content",
        "silence behind content",
        "silence behind more content",
        "comments behind content",
        "half an event behind content",
        "never-ending content",
    ],
)
async def test_stream_timeouts_fire_at_their_time_and_by_their_name(autojump_clock, answer, name, due):
    async with calling(script(answer), timeout=TIMES) as bench:
        exchange, outlet = await bench.stream()
    when, what = outlet.written[-1]
    assert when == due
    assert what.endswith(f":upstream_{name}_timeout")
    assert exchange.failure.message == f"provider 'a' exceeded its {name} timeout of {TIMES[name]:g} s"
    assert (exchange.failure.status, exchange.outcome) == (504, State.FAILED)
    assert [(each.started, each.ended, each.error) for each in exchange.attempts] == [(0.0, due, exchange.error)]
    assert answer.closed is None if answer.wait == HANG else answer.closed == due


@pytest.mark.parametrize(
    ("times", "name", "due"),
    [
        (TIMES, "response", 20.0),
        (TIMES | {"response": None}, "total", 30.0),
        (TIMES | {"response": 40.0}, "total", 30.0),
    ],
)
@pytest.mark.parametrize("place", ["head", "body"])
async def test_plain_timeouts_fire_at_their_time_and_by_their_name(autojump_clock, times, name, due, place):
    answer = whole(wait=HANG) if place == "head" else streamed((1.0, b'{"choices"'), (HANG, b""))
    async with calling(script(answer), timeout=times) as bench:
        exchange, outlet = await bench.plain()
    assert outlet.written == [(due, f"open:upstream_{name}_timeout")]
    assert exchange.failure.message == f"provider 'a' exceeded its {name} timeout of {due:g} s"
    assert answer.closed == (None if place == "head" else due)


async def test_reasoning_is_content(autojump_clock):
    answer = streamed((4.0, chunk(reasoning_content="hm")), (2.0, word("a")), (1.0, END))
    async with calling(script(answer), timeout=TIMES) as bench:
        exchange, _ = await bench.stream()
    assert exchange.outcome is State.OK
    assert exchange.attempts[0].first_content == exchange.first_content == 4.0


async def test_an_event_just_in_time_is_in_time(autojump_clock):
    before = math.nextafter(3.0, 0.0)
    answer = streamed((0.0, word("a")), (before, word("b")), (before, END))
    async with calling(script(answer), timeout=TIMES) as bench:
        exchange, outlet = await bench.stream()
    assert exchange.outcome is State.OK
    assert texts(outlet) == "ab"


async def test_a_slow_client_is_no_silence_of_the_provider(autojump_clock):
    answer = streamed((0.0, word("a")), (0.0, word("b")), (0.0, END))
    async with calling(script(answer), timeout=TIMES) as bench:
        exchange, outlet = await bench.stream(SpyOutlet(seconds=7.0))
    assert exchange.outcome is State.OK
    assert texts(outlet) == "ab"


async def test_total_also_ends_what_a_slow_client_drags_out_but_blames_no_provider(autojump_clock):
    answer = streamed(*[(0.0, word("a"))] * 100)
    async with calling(script(answer), timeout=TIMES, failures=1) as bench:
        exchange, outlet = await bench.stream(SpyOutlet(seconds=7.0))
        assert outlet.texts[-1] == "close:upstream_total_timeout"
        assert exchange.attempts[0].ended == 35.0
        assert bench.breaker("a").failures == 0


async def test_total_of_a_stream_that_we_wait_for_is_a_fault(autojump_clock):
    async with calling(script(streamed(*[(2.0, word("a"))] * 100)), timeout=TIMES) as bench:
        await bench.stream()
        assert bench.breaker("a").failures == 1


async def test_first_token_still_counts_where_the_buffer_is_full_before_content(autojump_clock):
    answer = streamed(*[(1.0, ROLE)] * 100)
    async with calling(script(answer), timeout=TIMES, call=CallSettings(commit_buffer=2 * len(ROLE))) as bench:
        exchange, outlet = await bench.stream()
    assert outlet.written[0] == (3.0, "open")
    assert outlet.written[-1] == (5.0, "close:upstream_first_token_timeout")
    assert exchange.attempts[0].first_content is None


@pytest.mark.parametrize("deadline", [0.5, 5.0, 7.0])
async def test_the_deadline_beats_every_timeout_even_at_the_same_instant(autojump_clock, deadline):
    """First token is due at 5, idle at 7."""
    answer = streamed((4.0, word("a")), (HANG, b""))
    async with calling(script(answer), timeout=TIMES, deadline=deadline, failures=1) as bench:
        exchange, outlet = await bench.stream()
        assert outlet.written[-1][0] == deadline
        assert outlet.texts[-1].endswith(":deadline_exceeded")
        assert answer.closed == exchange.attempts[0].ended == deadline
        assert exchange.attempts[0].error is None
        assert bench.breaker("a").failures == 0


async def test_the_caller_may_shorten_the_deadline(autojump_clock):
    async with calling(script(whole(wait=HANG)), timeout=TIMES) as bench:
        _, outlet = await bench.plain(chat(timeout=2.5))
    assert outlet.written == [(2.5, "close:deadline_exceeded")]


@pytest.mark.parametrize("deadline", [4.0, 12.0, 33.0])
async def test_retries_and_fallbacks_do_not_multiply_the_one_deadline(autojump_clock, deadline):
    upstreams = [script(*[streamed(wait=HANG) for _ in range(10)]) for _ in range(3)]
    async with calling(*upstreams, timeout=TIMES, deadline=deadline, max_retries=10) as bench:
        _, outlet = await bench.stream()
    assert outlet.written[-1][0] <= deadline
    assert trio.current_time() <= deadline


async def test_a_silent_target_is_left_for_the_next_at_once(autojump_clock):
    first, second = script(streamed(wait=HANG)), script(streamed((1.0, word("b")), (0.0, END)))
    async with calling(first, second, timeout=TIMES, max_retries=3) as bench:
        exchange, outlet = await bench.stream()
    assert [sent for sent, _ in second.requests] == [5.0]
    assert outlet.written[0] == (6.0, "open")
    assert [each.ended for each in exchange.attempts] == [5.0, 6.0]

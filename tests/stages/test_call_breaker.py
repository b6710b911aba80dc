"""`call` and the breakers: what counts as a fault, what an open breaker spares, how it closes again."""

import math

import pytest
import trio
import trio.testing

from sluicegate.pipeline.breaker import BreakerState
from sluicegate.pipeline.life import State
from sluicegate.testing import SpyOutlet, chat

from .calling import END, Bench, calling, good_stream, refusal, script, streamed, whole, word

HANG = math.inf


def state(bench: Bench, name: str = "a") -> BreakerState:
    return bench.breaker(name).state(trio.current_time())


async def test_25_straight_500s_open_the_breaker_at_the_fifth(autojump_clock):
    upstream = script(*[refusal(500) for _ in range(25)])
    codes = []
    async with calling(upstream) as bench:
        for _ in range(25):
            exchange, _ = await bench.plain()
            codes.append(exchange.failure.code)
        assert state(bench) is BreakerState.OPEN
    assert codes == ["upstream_error"] * 5 + ["circuit_open"] * 20
    assert len(upstream.requests) == 5


async def test_an_open_breaker_tells_who_is_left_alone_and_for_how_long(autojump_clock):
    async with calling(script(refusal(500)), failures=1) as bench:
        await bench.plain()
        await trio.sleep(12.0)
        exchange, _ = await bench.plain()
    assert exchange.failure.message == "provider 'a' has failed 1 times in a row and is left alone for now"
    assert (exchange.failure.status, exchange.failure.retry_after) == (503, 18.0)
    assert exchange.attempts == []


async def test_an_open_breaker_hands_on_to_the_next_target_at_once_and_without_an_attempt(autojump_clock):
    first, second = script(refusal(500)), script(whole(), whole())
    async with calling(first, second, failures=1, max_retries=5) as bench:
        await bench.plain()
        exchange, outlet = await bench.plain()
    assert outlet.written == [(0.0, "open")]
    assert [each.target.provider for each in exchange.attempts] == ["b"]
    assert len(first.requests) == 1


async def test_a_breaker_that_opens_ends_the_repetitions_and_leaves_the_error_to_tell(autojump_clock):
    upstream = script(refusal(500), refusal(500))
    async with calling(upstream, failures=2, max_retries=5) as bench:
        exchange, outlet = await bench.plain()
    assert outlet.texts == ["open:upstream_error"]
    assert outlet.written[0][0] == exchange.attempts[-1].ended
    assert len(upstream.requests) == 2


async def test_a_breaker_that_others_open_meanwhile_ends_the_repetitions_too(autojump_clock):
    upstream = script(refusal(500), refusal(500))
    async with calling(upstream, failures=2, max_retries=1, retry_delay=8.0) as bench:
        first = bench.gateway.exchange(chat())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.gateway.serve, first, SpyOutlet())
            await trio.testing.wait_all_tasks_blocked()
            await bench.plain()
            assert state(bench) is BreakerState.OPEN
            assert first.attempts[0].ended == 0.0
        assert first.ended is not None
        assert first.ended > 0.0
    assert first.failure.code == "upstream_error"
    assert len(upstream.requests) == 2


async def test_half_open_lets_one_probe_through_and_its_success_closes(autojump_clock):
    first = script(refusal(500), whole(wait=10.0), whole())
    async with calling(first, script(*[whole() for _ in range(9)]), failures=1) as bench:
        await bench.plain()
        await trio.sleep(30.0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.plain)
            await trio.sleep(5.0)
            exchange, _ = await bench.plain()
            assert [each.target.provider for each in exchange.attempts] == ["b"]
            assert state(bench) is BreakerState.HALF_OPEN
        assert state(bench) is BreakerState.CLOSED
        exchange, _ = await bench.plain()
        assert [each.target.provider for each in exchange.attempts] == ["a"]


async def test_while_the_probe_is_under_way_others_are_told_to_come_back_soon(autojump_clock):
    async with calling(script(refusal(500), whole(wait=10.0)), failures=1) as bench:
        await bench.plain()
        await trio.sleep(30.0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.plain)
            await trio.sleep(5.0)
            exchange, _ = await bench.plain()
    assert (exchange.failure.code, exchange.failure.retry_after) == ("circuit_open", 1.0)


async def test_a_probe_that_fails_opens_for_another_recovery_time(autojump_clock):
    async with calling(script(refusal(500), refusal(500)), failures=1) as bench:
        await bench.plain()
        await trio.sleep(30.0)
        await bench.plain()
        assert bench.breaker("a").retry_after(trio.current_time()) == 30.0


async def test_a_probe_closes_the_breaker_with_its_first_content(autojump_clock):
    answer = streamed((2.0, word("a")), (20.0, word("b")), (0.0, END))
    async with calling(script(refusal(500), answer), failures=1) as bench:
        await bench.plain()
        await trio.sleep(30.0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.stream)
            await trio.sleep(2.0)
            await trio.testing.wait_all_tasks_blocked()
            assert state(bench) is BreakerState.CLOSED


async def test_a_probe_that_is_cut_behind_its_first_content_is_still_a_fault(autojump_clock):
    async with calling(script(refusal(500), streamed((0.0, word("a")))), failures=1) as bench:
        await bench.plain()
        await trio.sleep(30.0)
        exchange, _ = await bench.stream()
        assert exchange.failure.code == "stream_interrupted"
        assert state(bench) is BreakerState.OPEN


@pytest.mark.parametrize("status", [400, 404, 422, 429])
async def test_what_the_provider_is_not_to_blame_for_does_not_count(autojump_clock, status):
    async with calling(script(*[refusal(status) for _ in range(10)])) as bench:
        for _ in range(10):
            await bench.plain()
        assert bench.breaker("a").failures == 0


async def test_a_stream_cut_behind_its_content_counts(autojump_clock):
    async with calling(script(*[streamed((0.0, word("a"))) for _ in range(5)])) as bench:
        for _ in range(5):
            await bench.stream()
        assert state(bench) is BreakerState.OPEN


async def test_a_whole_stream_starts_the_count_again(autojump_clock):
    async with calling(script(refusal(500), refusal(500), good_stream())) as bench:
        for _ in range(3):
            await bench.stream()
        assert bench.breaker("a").failures == 0


@pytest.mark.parametrize("answer", [streamed(wait=HANG), streamed((0.0, word("a")), (HANG, b""))])
async def test_a_client_that_leaves_does_not_count(autojump_clock, answer):
    async with calling(script(answer), failures=1) as bench:
        with trio.move_on_after(1.0):
            await bench.stream()
        assert bench.breaker("a").failures == 0
        assert state(bench) is BreakerState.CLOSED


@pytest.mark.parametrize("place", ["head", "role", "plain"])
async def test_a_probe_that_is_given_up_leaves_its_place_in_the_same_instant(autojump_clock, place):
    answer = {"head": streamed(wait=HANG), "role": streamed((0.0, b":\n\n"), (HANG, b"")), "plain": whole(wait=HANG)}
    async with calling(script(refusal(500), answer[place], good_stream()), failures=1) as bench:
        await bench.plain()
        await trio.sleep(30.0)
        with trio.move_on_after(1.0):
            await (bench.plain() if place == "plain" else bench.stream())
        exchange, outlet = await bench.stream()
    assert exchange.outcome is State.OK
    assert exchange.attempts[0].started == 31.0
    assert outlet.written[-1] == (31.0, "close")


async def test_a_client_found_gone_by_a_write_does_not_count(autojump_clock):
    answer = streamed((0.0, word("a")), (0.0, word("b")), (HANG, b""))
    async with calling(script(answer), failures=1) as bench:
        exchange, _ = await bench.stream(SpyOutlet(gone_at=2))
        assert exchange.outcome is State.CANCELLED
        assert bench.breaker("a").failures == 0
        assert answer.closed == 0.0

"""Cancellation, wherever it strikes: the upstream is let go in the same instant, and the attempt's row is complete."""

import math
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
import trio

from sluicegate.pipeline.errors import GatewayError, Overloaded
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.life import State
from sluicegate.pipeline.reply import Reply
from sluicegate.testing import ScriptedResponse, SpyOutlet, chat

from .calling import ROLE, Bench, calling, good_stream, refusal, script, streamed, whole, word

HANG = math.inf

PLACES: dict[str, Callable[[], ScriptedResponse]] = {
    "before the head": lambda: streamed(wait=HANG),
    "before any byte": lambda: streamed((HANG, b"")),
    "behind the role": lambda: streamed((0.0, ROLE), (HANG, b"")),
    "behind content": lambda: streamed((0.0, word("a")), (HANG, b"")),
    "amid content": lambda: streamed(*[(0.7, word("a"))] * 100),
    "in an error's body": lambda: ScriptedResponse((0.0, b"{"), (HANG, b""), status=500),
}


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("place", PLACES)
async def test_cancelled_from_outside_lets_go_at_once(autojump_clock, place, streaming):
    answer, second = PLACES[place](), script(good_stream())
    async with calling(script(answer), second, failures=1) as bench:
        exchange = bench.gateway.exchange(chat(stream=streaming))
        with trio.CancelScope(deadline=1.5):
            await bench.gateway.serve(exchange, SpyOutlet())
        assert trio.current_time() == 1.5
        assert exchange.outcome is State.CANCELLED
        assert answer.closed == (None if place == "before the head" else 1.5)
        (row,) = exchange.attempts
        assert (row.started, row.ended, row.error) == (0.0, 1.5, None)
        assert bench.breaker("a").failures == 0
    assert second.requests == []


async def test_cancelled_in_a_pause_asks_nobody_any_more(autojump_clock):
    upstream = script(refusal(429, retry_after="5"), whole())
    async with calling(upstream, max_retries=1) as bench:
        with trio.CancelScope(deadline=3.0):
            await bench.plain()
        await trio.sleep(60.0)
    assert len(upstream.requests) == 1


async def leave_the_block(bench: Bench, exchanges: list[Exchange]) -> None:
    async with bench.gateway.stream(chat(stream=True)) as flow:
        exchanges.append(flow.exchange)
        await flow.__anext__()
        await trio.sleep(1.5)


async def raise_in_the_block(bench: Bench, exchanges: list[Exchange]) -> None:
    with suppress(ZeroDivisionError):
        async with bench.gateway.stream(chat(stream=True)) as flow:
            exchanges.append(flow.exchange)
            await trio.sleep(1.5)
            raise ZeroDivisionError


async def be_found_gone(bench: Bench, exchanges: list[Exchange]) -> None:
    exchange, _ = await bench.stream(SpyOutlet(seconds=0.75, gone_at=1))
    exchanges.append(exchange)


async def be_interrupted(bench: Bench, exchanges: list[Exchange]) -> None:
    exchange = bench.gateway.exchange(chat(stream=True))
    exchanges.append(exchange)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.gateway.serve, exchange, SpyOutlet())
        await trio.sleep(1.5)
        exchange.interrupt(Overloaded("the gateway is ending"))


async def fail_in_a_tap(bench: Bench, exchanges: list[Exchange]) -> None:
    def tap(_: Exchange, __: object) -> None:
        if trio.current_time() > 0.0:
            raise GatewayError("a stage does not let this pass")

    exchange = bench.gateway.exchange(chat(stream=True))
    exchange.taps.append(tap)
    exchanges.append(exchange)
    await bench.gateway.serve(exchange, SpyOutlet())


async def put_another_reply_in_its_place(bench: Bench, exchanges: list[Exchange]) -> None:
    def replace(exchange: Exchange) -> None:
        exchange.reply = Reply(body=b"{}")

    exchange = bench.gateway.exchange(chat(stream=True))
    exchange.on_reply.append(replace)
    exchanges.append(exchange)
    await bench.gateway.serve(exchange, SpyOutlet(seconds=1.5))


@pytest.mark.parametrize(
    "leave",
    [leave_the_block, raise_in_the_block, be_found_gone, be_interrupted, fail_in_a_tap, put_another_reply_in_its_place],
)
async def test_every_way_out_of_a_stream_lets_go_at_once(
    autojump_clock, leave: Callable[[Bench, list[Exchange]], Awaitable[None]]
):
    answer = streamed((0.0, word("a")), *[(1.5, word("b"))] * 2, (HANG, b""))
    exchanges: list[Exchange] = []
    async with calling(script(answer)) as bench:
        await leave(bench, exchanges)
        assert answer.closed == exchanges[0].attempts[0].ended == 1.5
        assert exchanges[0].usage is not None


async def test_a_storm_of_cancellations_leaves_nothing_open(autojump_clock):
    answers = [streamed((0.5, ROLE), *[(0.5, word("a"))] * 9) for _ in range(60)]
    ended: list[Exchange] = []

    async def leave_after(bench: Bench, seconds: float) -> None:
        exchange = bench.gateway.exchange(chat(stream=True))
        ended.append(exchange)
        with trio.CancelScope(deadline=seconds):
            await bench.gateway.serve(exchange, SpyOutlet(seconds=0.01))

    async with calling(script(*answers)) as bench, trio.open_nursery() as nursery:
        for number in range(60):
            nursery.start_soon(leave_after, bench, number * 0.1)
    assert all(answer.closed is not None for answer in answers[: sum(bool(each.attempts) for each in ended)])
    assert all(row.ended == exchange.ended for exchange in ended for row in exchange.attempts if row.error is None)

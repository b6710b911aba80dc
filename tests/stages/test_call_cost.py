"""What attempts cost: each one that has used anything, at its own target's price, however it ended."""

import math

import pytest
import trio

from sluicegate.pipeline.pricing import Price, Rates, Scale
from sluicegate.pipeline.reply import Usage
from sluicegate.stages.parts.attempt_record import AttemptRecord
from sluicegate.testing import chat

from .calling import END, FINISH, USAGE, body_of, calling, error_event, frame, refusal, script, streamed, whole, word

HANG = math.inf
M = 10**9
"""Femto-dollars for one at a dollar a million; nano-dollars of a token are a thousand times that many dollars."""
ASKED = chat("x" * 41, stream=True)  # 41 bytes are 11 tokens
REPORTED = {"prompt_tokens": 7, "completion_tokens": 3}


class Listed:
    """Prices of providers by their names, for any model, with what was asked for."""

    def __init__(self, **prices: Price) -> None:
        self._prices = prices
        self.asked: list[tuple[str, str, str, float]] = []

    def of(self, provider_type: str, provider: str, model: str, at: float) -> Price | None:
        self.asked.append((provider_type, provider, model, at))
        return self._prices.get(provider)


CHEAP = Price(Rates(input=M, output=2 * M))
DEAR = Price(Rates(input=10 * M, output=20 * M))


async def test_a_plain_answer_costs_its_tokens_at_todays_price(autojump_clock):
    prices = Listed(a=CHEAP)
    async with calling(script(whole(body=body_of("fine", REPORTED))), prices=prices) as bench:
        bench.resources.wall = lambda: 1234.5
        exchange, _ = await bench.plain()
    assert exchange.cost == exchange.attempts[0].cost == 7_000 + 6_000
    assert prices.asked == [("openai", "a", "model", 1234.5)]


async def test_a_stream_costs_its_tokens_once_it_has_ended(autojump_clock):
    answer = streamed((0.0, word("a") * 9), (1.0, FINISH + USAGE + b"data: [DONE]\n\n"))
    async with calling(script(answer), prices=Listed(a=CHEAP)) as bench, bench.gateway.stream(ASKED) as flow:
        before = flow.exchange.cost
        async for _ in flow:
            pass
    assert (before, flow.exchange.cost) == (0, 7_000 + 6_000)


async def test_what_was_streamed_before_the_client_left_is_paid_for(autojump_clock):
    answer = streamed((0.0, word("a") * 2), (1.0, word("b")), (HANG, b""))
    async with calling(script(answer), prices=Listed(a=CHEAP)) as bench:
        with trio.move_on_after(5.0):
            async with bench.gateway.stream(ASKED) as flow:
                async for _ in flow:
                    pass
    assert flow.exchange.usage == Usage(input=11, output=3, estimated=True)
    assert flow.exchange.cost == 11_000 + 6_000


async def test_what_was_streamed_before_a_cut_is_paid_for(autojump_clock):
    async with calling(script(streamed((0.0, word("a") + word("b")))), prices=Listed(a=CHEAP)) as bench:
        exchange, _ = await bench.stream(request=ASKED)
    assert exchange.failure.code == "stream_interrupted"
    assert exchange.cost == 11_000 + 4_000


async def test_a_charge_told_in_the_middle_of_a_stream_that_breaks_is_none_of_the_whole(autojump_clock):
    usage = {"prompt_tokens": 20, "completion_tokens": 1, "cost": 5.0}
    early = frame({"id": "c", "choices": [{"index": 0, "delta": {"content": "a"}}], "usage": usage})
    async with calling(script(streamed((0.0, early + word("b")))), prices=Listed(a=CHEAP)) as bench:
        exchange, _ = await bench.stream(request=ASKED)
    assert exchange.usage == Usage(input=20, output=2, estimated=True)
    assert exchange.cost == 20_000 + 4_000


async def test_a_failed_stream_that_has_used_tokens_is_paid_for_beside_the_one_that_answers(autojump_clock):
    lost = streamed((0.0, word("a") + error_event()))
    answer = streamed((0.0, word("b") + FINISH + USAGE + b"data: [DONE]\n\n"))
    async with calling(script(lost), script(answer), prices=Listed(a=DEAR, b=CHEAP)) as bench:
        exchange, _ = await bench.stream(request=ASKED)
    assert [one.cost for one in exchange.attempts] == [110_000 + 20_000, 7_000 + 6_000]
    assert exchange.cost == 143_000
    assert exchange.usage == exchange.attempts[1].usage == Usage(input=7, output=3)


async def test_an_attempt_that_was_refused_costs_nothing(autojump_clock):
    answer = whole(body=body_of("fine", REPORTED))
    async with calling(script(refusal(500)), script(answer), prices=Listed(a=DEAR, b=CHEAP)) as bench:
        exchange, _ = await bench.plain()
    assert [one.cost for one in exchange.attempts] == [None, 13_000]
    assert exchange.cost == 13_000


async def test_a_stream_that_fails_without_having_used_anything_costs_nothing(autojump_clock):
    async with calling(script(streamed((0.0, error_event()))), prices=Listed(a=DEAR)) as bench:
        exchange, _ = await bench.stream()
    assert (exchange.attempts[0].usage, exchange.cost) == (None, 0)


async def test_a_cost_is_unknown_if_that_of_one_attempt_is(autojump_clock):
    lost = streamed((0.0, word("a") + error_event()))
    async with calling(script(lost), script(streamed((0.0, word("b") + END))), prices=Listed(b=CHEAP)) as bench:
        exchange, _ = await bench.stream(request=ASKED)
    assert [one.cost for one in exchange.attempts] == [None, 13_000]
    assert exchange.cost is None


async def test_what_the_provider_charges_is_what_it_costs(autojump_clock):
    body = body_of("fine", {**REPORTED, "cost": 0.25})
    async with calling(script(whole(body=body)), prices=Listed(a=CHEAP)) as bench:
        exchange, _ = await bench.plain()
    assert exchange.cost == 250_000_000


@pytest.mark.parametrize("price", [None, CHEAP], ids=["unknown", "known"])
async def test_an_answer_that_counts_nothing_costs_nothing(autojump_clock, price):
    async with calling(script(whole()), prices=Listed(**({"a": price} if price else {}))) as bench:
        exchange, _ = await bench.plain()
        breaker = bench.breaker("a")
        ticket = breaker.admit(trio.current_time())
        assert ticket is not None
        record = AttemptRecord(exchange, exchange.attempts[0].target, breaker, ticket, pricing=lambda: price)
        record.spent(Usage())
        record.abandoned()
    assert record.attempt.cost == 0


async def test_a_class_of_service_that_the_answer_tells_has_its_own_price(autojump_clock):
    body = body_of("fine", REPORTED)[:-1] + b',"service_tier":"flex"}'
    price = Price(Rates(input=M, output=2 * M), (), {"flex": Scale(Rates(input=M // 2, output=M))})
    async with calling(script(whole(body=body)), prices=Listed(a=price)) as bench:
        exchange, _ = await bench.plain()
    assert exchange.cost == 3_500 + 3_000

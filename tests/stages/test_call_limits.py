"""Limits of providers: a call that has no room goes to the next target, and no fault is counted."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.breaker import Breaker, BreakerState
from sluicegate.pipeline.config.convert import convert
from sluicegate.pipeline.config.limit_sections import CappedSettings
from sluicegate.pipeline.exchange import Exchange, Plan, Target
from sluicegate.pipeline.provider import Transport
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.store import Slot, Store, Window, at_once
from sluicegate.stages.call import Call, CallSettings
from sluicegate.testing import ScriptedTransport, SpyOutlet, chat, gateway_of, judging
from tests.stages.calling import (
    END,
    ROLE,
    Bench,
    body_of,
    good_stream,
    provider,
    refusal,
    script,
    streamed,
    whole,
    word,
)
from tests.stages.limiting import MICRO, NOON, FailingStore, Hand, PricesOf, Spent

USED = {"prompt_tokens": 30, "completion_tokens": 12, "total_tokens": 42}


@asynccontextmanager
async def limited(
    *limits: Mapping[str, Any],
    transports: list[ScriptedTransport],
    store: Store | None = None,
    call: CallSettings | None = None,
    **more: Any,
) -> AsyncIterator[Bench]:
    """Run a gateway whose plan is ``a/model``, ``b/model``, with a provider's limits each, as a file has them."""
    made: list[tuple[str, Transport, CappedSettings]] = [
        (name, transport, convert(CappedSettings, one))
        for name, transport, one in zip("ab", transports, limits, strict=False)
    ]
    providers = {
        name: provider(name, transport, "", timeout={}, failures=5, max_retries=0, rate_limit=one)
        for name, transport, one in made
    }
    resources = Resources(
        providers=providers,
        breakers={name: Breaker(each.settings.circuit_breaker) for name, each in providers.items()},
        stores={"memory": store or MemoryStore()},
        prices=PricesOf(model=MICRO),
        wall=Hand(NOON),
        random=Random(1),
        **more,
    )

    def plan(exchange: Exchange) -> None:
        exchange.plan = Plan(tuple(Target(name, "model") for name in providers), "fallback")

    async with gateway_of(judging(plan), Call(call or CallSettings(), resources), resources=resources) as gateway:
        yield Bench(gateway, resources)


async def ask(bench: Bench, request: Request | None = None) -> tuple[Exchange, int]:
    """Serve a plain chat until it is settled. Return its exchange, and the status that the client saw."""
    exchange, _ = await bench.plain(request)
    await wait_all_tasks_blocked()
    return exchange, exchange.error.status if exchange.error is not None else 200


def answers(count: int, **usage: int) -> ScriptedTransport:
    return script(*(whole(body=body_of("fine", usage or None)) for _ in range(count)))


def left(store: MemoryStore, what: str, limit: int, name: str = "a") -> int:
    admission = at_once(store.hit([Window(f"limit:{what}:{{provider:{name}}}", limit, 60.0)], 0))
    return (admission.refused_by or admission.standings[0]).remaining


async def test_a_provider_at_its_limit_is_passed_over_without_a_fault(autojump_clock: MockClock) -> None:
    a, b = answers(2), answers(1)
    async with limited({"requests": ["2/min"]}, {}, transports=[a, b]) as bench:
        for _ in range(2):
            assert (await ask(bench))[0].notes["provider"] == "a"
        exchange, status = await ask(bench)
        assert (exchange.notes["provider"], status) == ("b", 200)
        assert [one.target.provider for one in exchange.attempts] == ["b"]
        assert bench.breaker("a").failures == 0
        assert bench.breaker("a").state(trio.current_time()) is BreakerState.CLOSED


async def test_where_none_is_left_the_soonest_time_is_told_with_provider_and_limit(autojump_clock: MockClock) -> None:
    async with limited({"requests": ["1/h"]}, {"requests": ["1/min"]}, transports=[answers(1), answers(1)]) as bench:
        await ask(bench)
        await ask(bench)
        exchange, status = await ask(bench)
        error = exchange.failure
        assert (status, error.code, exchange.attempts) == (429, "provider_limit_reached", [])
        assert error.message.startswith("provider 'b' has used its 1 requests per minute; try again in 2 min")
        assert "a/model (provider_limit_reached)" in error.message
        assert error.retry_after is not None
        assert error.retry_after <= 120.0


async def test_tokens_are_reserved_before_and_settled_behind_each_call(autojump_clock: MockClock) -> None:
    store = MemoryStore()
    async with limited({"tokens": ["1000/min"]}, transports=[answers(1, **USED)], store=store) as bench:
        await ask(bench, chat(max_tokens=900))
        assert left(store, "tokens", 1000) == 1000 - 42
        exchange, _ = await ask(bench, chat(max_tokens=960))
        assert exchange.failure.message.startswith("provider 'a' has 958 tokens left of its 1000 tokens per minute")
        assert left(store, "tokens", 1000) == 1000 - 42


async def test_a_failed_call_is_settled_at_once_and_stays_a_request(autojump_clock: MockClock) -> None:
    store = MemoryStore()
    limits = {"requests": ["10/min"], "tokens": ["5000/min"], "concurrency": 1}
    a, b = script(refusal(500)), script(streamed((0.0, ROLE + word("a")), (50.0, END)))
    async with limited(limits, {}, transports=[a, b], store=store) as bench, trio.open_nursery() as nursery:
        nursery.start_soon(bench.stream)
        await wait_all_tasks_blocked()
        assert left(store, "requests", 10) == 9
        assert left(store, "tokens", 5000) == 5000
        assert at_once(store.hold([Slot("limit:concurrency:{provider:a}", 1)], "probe", 1.0)) is None


async def test_a_stream_holds_its_place_until_its_end(autojump_clock: MockClock) -> None:
    a = script(streamed((0.0, ROLE + word("a")), (50.0, END)), good_stream())
    async with limited({"concurrency": 1}, transports=[a]) as bench, trio.open_nursery() as nursery:
        nursery.start_soon(bench.stream)
        await wait_all_tasks_blocked()
        exchange, status = await ask(bench)
        assert (status, exchange.failure.code) == (503, "provider_limit_reached")
        assert exchange.failure.message == "provider 'a' has its 1 requests under way, as many as may be at once"
        await trio.sleep(51.0)
        assert (await bench.stream())[0].error is None


async def test_a_call_that_is_given_up_leaves_nothing_held_and_counts_what_it_asked(autojump_clock: MockClock) -> None:
    store = MemoryStore()
    limits = {"tokens": ["5000/min"], "concurrency": 1}
    async with limited(limits, transports=[script(whole(wait=60.0))], store=store) as bench:
        exchange = bench.gateway.exchange(chat("word " * 40, max_tokens=100))
        with trio.move_on_after(1.0):
            await bench.gateway.serve(exchange, SpyOutlet())
        await wait_all_tasks_blocked()
        assert 50 <= 5000 - left(store, "tokens", 5000) < 60
        assert at_once(store.hold([Slot("limit:concurrency:{provider:a}", 1)], "probe", 1.0)) is None


async def test_an_open_breaker_is_not_counted(autojump_clock: MockClock) -> None:
    store = MemoryStore()
    async with limited({"requests": ["10/min"]}, transports=[script(*[refusal(500)] * 5)], store=store) as bench:
        for _ in range(8):
            exchange, _ = await ask(bench)
        assert exchange.failure.code == "circuit_open"
        assert left(store, "requests", 10) == 5


async def test_a_providers_budget_is_seeded_by_the_ledger_and_settled_with_what_was_paid(
    autojump_clock: MockClock,
) -> None:
    store, ledger = MemoryStore(), Spent(10**9)
    budgets = {"budgets": {"day": "$1.01"}}
    async with limited(budgets, {}, transports=[answers(9, **USED), answers(1)], store=store, ledger=ledger) as bench:
        await ask(bench, chat(max_tokens=5))
        assert ledger.asked == [("provider", "a", NOON - 12 * 3600)]
        window = Window("budget:{provider:a}:2026-09-24", 1_010_000_000, math.inf, seeded=True)
        assert at_once(store.hit([window], 0)).standings[0].remaining == 10_000_000 - 42_000
        exchange, _ = await ask(bench, chat(max_tokens=50_000))
        assert exchange.notes["provider"] == "b"


async def test_a_spent_budget_says_when_the_next_begins(autojump_clock: MockClock) -> None:
    async with limited({"budgets": {"day": "$1"}}, transports=[answers(0)], ledger=Spent(10**9)) as bench:
        exchange, status = await ask(bench)
        assert (status, exchange.failure.code) == (429, "provider_budget_exceeded")
        assert exchange.failure.retry_after == 12 * 3600.0
        assert exchange.failure.message.startswith(
            "provider 'a' has spent its budget of $1 for 2026-09-24; the next one"
        )


async def test_a_store_that_waits_is_waited_for_once_a_call(autojump_clock: MockClock) -> None:
    store = FailingStore(MemoryStore())
    async with limited(
        {"requests": ["1/min"], "tokens": ["5000/min"]}, {}, transports=[answers(1), answers(1)], store=store
    ) as bench:
        assert (await ask(bench))[0].notes["provider"] == "a"
        assert store.asked == ["hit", "adjust"]
        assert (await ask(bench))[0].notes["provider"] == "b"


@pytest.mark.parametrize(("policy", "seen"), [("open", 200), ("closed", 503)])
async def test_while_the_store_is_away_calls_go_on_or_do_not(autojump_clock: MockClock, policy: Any, seen: int) -> None:
    store = FailingStore(MemoryStore())
    store.away = {"hit"}
    settings = CallSettings(on_failure=policy)
    async with limited({"requests": ["1/min"]}, transports=[answers(1)], store=store, call=settings) as bench:
        exchange, status = await ask(bench)
        assert status == seen
        assert exchange.notes.get("limit") == ("open" if status == 200 else None)
        assert store.asked.count("hit") == 1


async def test_a_callers_own_key_is_no_call_of_our_account(autojump_clock: MockClock) -> None:
    store = MemoryStore()
    async with limited({"requests": ["1/min"]}, transports=[answers(3)], store=store) as bench:
        own = bench.resources.providers["a"]
        own.with_key = lambda _: own

        def request() -> Request:
            asked = chat()
            asked.provider_keys = {"a": "sk-own"}
            return asked

        for _ in range(3):
            assert (await ask(bench, request()))[1] == 200
        assert left(store, "requests", 1) == 1


def test_a_store_that_is_not_there_is_told_when_the_stage_is_made() -> None:
    made = provider("a", answers(0), "", timeout={}, failures=5, rate_limit=convert(CappedSettings, {"concurrency": 1}))
    with pytest.raises(ValueError, match="there is no store 'redis'"):
        Call(CallSettings(store="redis"), Resources(providers={"a": made}, stores={"memory": MemoryStore()}))

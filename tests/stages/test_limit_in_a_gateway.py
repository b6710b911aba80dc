"""Limits around real calls: what streams, cut streams, failover and cached answers count in the end."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.breaker import Breaker
from sluicegate.pipeline.config.convert import convert
from sluicegate.pipeline.exchange import Exchange, Plan, Target
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.store import Window, at_once
from sluicegate.stages.cache import Cache, CacheSettings
from sluicegate.stages.call import Call, CallSettings
from sluicegate.stages.limit import Limit, LimitSettings
from sluicegate.testing import ScriptedTransport, SpyOutlet, chat, gateway_of, judging
from tests.stages.calling import (
    DONE,
    FINISH,
    ROLE,
    USAGE,
    Bench,
    body_of,
    provider,
    refusal,
    script,
    streamed,
    whole,
    word,
)
from tests.stages.limiting import MICRO, NOON, Hand, PricesOf, Spent, key

LIMITS = {"requests": ["100/min"], "tokens": ["10000/min"], "budgets": {"day": "$1"}}
USED = {"prompt_tokens": 30, "completion_tokens": 12, "total_tokens": 42}
DOLLAR = 10**9


class Counted:
    """What the windows of the one caller have counted."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def _of(self, window: Window) -> int:
        admission = at_once(self._store.hit([window], 0))
        return window.count - admission.standings[0].remaining

    def __call__(self) -> tuple[int, int, int]:
        """Return requests, tokens and nano-dollars."""
        return (
            self._of(Window("limit:requests:{key:ci}", 100, 60.0)),
            self._of(Window("limit:tokens:{key:ci}", 10_000, 60.0)),
            self._of(Window("budget:{key:ci}:2026-09-24", DOLLAR, math.inf, seeded=True)),
        )


@asynccontextmanager
async def limited(*transports: ScriptedTransport, cached: bool = False) -> AsyncIterator[tuple[Bench, Counted]]:
    store = MemoryStore()
    providers = {
        name: provider(name, transport, "", timeout={}, failures=5, max_retries=0)
        for name, transport in zip("ab", transports, strict=False)
    }
    resources = Resources(
        providers=providers,
        breakers={name: Breaker(one.settings.circuit_breaker) for name, one in providers.items()},
        stores={"memory": store},
        prices=PricesOf(model=MICRO),
        wall=Hand(NOON),
        ledger=Spent(),
    )

    def arrive(exchange: Exchange) -> None:
        exchange.caller = key()
        exchange.plan = Plan(tuple(Target(name, "model") for name in providers), "fallback")

    stages = [judging(arrive), Limit(convert(LimitSettings, LIMITS), resources)]
    if cached:
        stages.append(Cache(CacheSettings(), resources))
    async with gateway_of(*stages, Call(CallSettings(), resources), resources=resources) as gateway:
        yield Bench(gateway, resources), Counted(store)


def asked(*, stream: bool = False) -> Request:
    return chat(model="a/model", max_tokens=1000, stream=stream)


async def test_a_stream_counts_what_its_provider_says_at_its_end(autojump_clock: MockClock) -> None:
    upstream = script(streamed((0.0, ROLE + word("a")), (5.0, word("b") + FINISH + USAGE + DONE)))
    async with limited(upstream) as (bench, counted), trio.open_nursery() as nursery:
        nursery.start_soon(bench.stream, None, asked(stream=True))
        await trio.sleep(1.0)
        requests, tokens, cost = counted()
        assert (requests, tokens > 1000, cost > 1_000_000) == (1, True, True)
        await trio.sleep(10.0)
        assert counted() == (1, 10, 10_000)


async def test_a_client_that_leaves_a_stream_has_used_what_came(autojump_clock: MockClock) -> None:
    upstream = script(streamed((0.0, ROLE + word("a") + word("b") + word("c")), (50.0, FINISH + DONE)))
    async with limited(upstream) as (bench, counted):
        exchange = bench.gateway.exchange(asked(stream=True))
        with trio.move_on_after(2.0):
            await bench.gateway.serve(exchange, SpyOutlet())
        await wait_all_tasks_blocked()
        assert exchange.usage is not None
        assert exchange.usage.output == 3
        total = exchange.usage.total
        assert counted() == (1, total, total * 1000)


async def test_failover_counts_one_request_and_what_the_answer_used(autojump_clock: MockClock) -> None:
    async with limited(script(refusal(500)), script(whole(body=body_of("fine", USED)))) as (bench, counted):
        await bench.plain(asked())
        await wait_all_tasks_blocked()
        assert counted() == (1, 42, 42_000)


async def test_where_all_targets_fail_nothing_is_counted(autojump_clock: MockClock) -> None:
    async with limited(script(refusal(500)), script(refusal(503))) as (bench, counted):
        await bench.plain(asked())
        await wait_all_tasks_blocked()
        assert counted() == (0, 0, 0)


async def test_what_a_provider_finds_wrong_counts_as_a_request(autojump_clock: MockClock) -> None:
    async with limited(script(refusal(400))) as (bench, counted):
        await bench.plain(asked())
        await wait_all_tasks_blocked()
        assert counted() == (1, 0, 0)


async def test_a_repeated_answer_is_a_request_that_costs_nothing(autojump_clock: MockClock) -> None:
    async with limited(script(whole(body=body_of("fine", USED))), cached=True) as (bench, counted):
        for _ in range(3):
            exchange, _ = await bench.plain(asked())
            await wait_all_tasks_blocked()
        assert exchange.notes["cache"] == "hit"
        assert counted() == (3, 42, 42_000)

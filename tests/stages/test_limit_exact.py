"""How exact limits are: against a log of all admissions, and with many clients on several workers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.adapters.stores.redis.address import read_address
from sluicegate.adapters.stores.redis.store import RedisStore
from sluicegate.adapters.stores.shared import SharedStore
from sluicegate.adapters.stores.table import create_memory
from sluicegate.pipeline.errors import RateLimited
from sluicegate.pipeline.stage import Verdict
from sluicegate.pipeline.store import Store
from sluicegate.stages.limit import Limit
from tests.servers import RedisServer
from tests.stages.exchanges import asking
from tests.stages.limiting import MICRO, Hand, Spent, finish, key, limit_of, used

MINUTE = 60.0
LIMIT = 20
CLIENTS = 200
CI = key()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0.0, 40.0), st.integers(1, 30)), max_size=60))
def test_no_minute_has_more_than_the_stated_approximation_says(arrivals: list[tuple[float, int]]) -> None:
    """Of any minute: the limit, and as much of it again as the current stretch of the clock has passed.

    Of each minute of the clock: the limit. Over many minutes: the limit, and one more.
    """
    clock = Hand()
    stage = limit_of(MemoryStore(clock), {"requests": [f"{LIMIT}/min"]})
    log: list[float] = []
    for pause, burst in arrivals:
        clock.now += pause
        for _ in range(burst):
            try:
                stage.judge(asking(caller=CI))
            except RateLimited:
                break
            log.append(clock.now)
    for at in log:
        within = sum(at - MINUTE < one <= at for one in log)
        passed = at % MINUTE / MINUTE
        assert within <= LIMIT * (1 + passed) + 1e-6
        stretch = sum(one // MINUTE == at // MINUTE for one in log)
        assert stretch <= LIMIT
    if log:
        minutes = log[-1] // MINUTE - log[0] // MINUTE + 1
        assert len(log) <= LIMIT * minutes


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0.0, 30.0), st.integers(1, 900), st.integers(0, 900)), max_size=40))
def test_tokens_in_a_minute_exceed_the_limit_by_no_more_than_was_used_beyond_the_reserve(
    arrivals: list[tuple[float, int, int]],
) -> None:
    clock = Hand()
    stage = limit_of(MemoryStore(clock), {"tokens": ["1000/min"]})
    stretches: dict[float, int] = {}
    beyond: dict[float, int] = {}
    for pause, most, tokens in arrivals:
        clock.now += pause
        exchange = asking(caller=CI, max_tokens=most)
        try:
            stage.judge(exchange)
        except RateLimited:
            continue
        used(exchange, tokens)
        trio.run(finish, exchange)
        stretch = clock.now // MINUTE
        stretches[stretch] = stretches.get(stretch, 0) + tokens
        beyond[stretch] = beyond.get(stretch, 0) + max(0, tokens - most)
    assert all(tokens <= 1000 + beyond[stretch] for stretch, tokens in stretches.items())


async def ask(stage: Limit, codes: list[str], amount: int = 10) -> None:
    """One client: asks once, stays for a moment, and is settled with just what was reserved."""
    exchange = asking(caller=CI, max_tokens=amount)
    try:
        if stage.judge(exchange) is Verdict.WAIT:
            await stage.attend(exchange)
    except RateLimited as error:
        codes.append(error.code)
        return
    await trio.sleep(0.01)
    reserved = exchange.headers
    assert reserved
    codes.append("admitted")
    await finish(exchange)


async def storm(stages: list[Limit]) -> list[str]:
    codes: list[str] = []
    async with trio.open_nursery() as nursery:
        for number in range(CLIENTS):
            nursery.start_soon(ask, stages[number % len(stages)], codes)
    return codes


HOUR = {"requests": ["37/1000d"]}
"""A stretch of the clock that no test lives to see the end of."""


@pytest.fixture
def shared() -> Iterator[list[Store]]:
    descriptor = create_memory()
    yield [SharedStore(descriptor), SharedStore(descriptor)]
    os.close(descriptor)


async def test_200_clients_on_two_workers_are_admitted_exactly_as_often_as_the_limit_says(shared: list[Store]) -> None:
    codes = await storm([limit_of(store, HOUR) for store in shared])
    assert codes.count("admitted") == 37
    assert codes.count("rate_limit_exceeded") == CLIENTS - 37


BUDGET_FOR = 23


async def spend(stages: list[Limit], price: int) -> list[str]:
    """200 clients, each of whom pays just what was reserved."""
    codes: list[str] = []

    async def one(stage: Limit) -> None:
        exchange = asking(caller=CI, max_tokens=100)
        try:
            if stage.judge(exchange) is Verdict.WAIT:
                await stage.attend(exchange)
        except RateLimited as error:
            codes.append(error.code)
            return
        await trio.sleep(0.01)
        used(exchange, price // 1000)
        codes.append("admitted")
        await finish(exchange)

    async with trio.open_nursery() as nursery:
        for number in range(CLIENTS):
            nursery.start_soon(one, stages[number % len(stages)])
    return codes


def price() -> int:
    from sluicegate.stages.parts.expected import expected

    usage = expected(asking(max_tokens=100).request)
    assert usage is not None
    return MICRO.cost(usage)


def for_some(cost: int) -> dict[str, object]:
    dollars, nanos = divmod(cost * BUDGET_FOR, 10**9)
    return {"budgets": {"total": f"${dollars}.{nanos:09}"}}


async def test_two_workers_overspend_no_budget_between_them(shared: list[Store]) -> None:
    cost = price()
    stages = [limit_of(store, for_some(cost), ledger=Spent(0, wait=0.01)) for store in shared]
    codes = await spend(stages, cost)
    assert codes.count("admitted") == BUDGET_FOR
    assert codes.count("budget_exceeded") == CLIENTS - BUDGET_FOR


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


@pytest.mark.redis
async def test_two_gateways_on_one_redis_are_exact_together(redis: RedisServer) -> None:
    """In requests, in money, and in requests at once, with every place given back."""
    stores = [RedisStore("shared", read_address(redis.url), timeout=5.0, prefix="t") for _ in range(2)]
    async with trio.open_nursery() as nursery:
        for store in stores:
            nursery.start_soon(store.run)
        codes = await storm([limit_of(store, HOUR) for store in stores])
        assert (codes.count("admitted"), len(codes)) == (37, CLIENTS)
        cost = price()
        ledgers = [Spent(0, wait=0.01), Spent(0, wait=0.01)]
        stages = [limit_of(one, for_some(cost), ledger=ledger) for one, ledger in zip(stores, ledgers, strict=True)]
        codes = await spend(stages, cost)
        assert codes.count("admitted") == BUDGET_FOR
        assert codes.count("budget_exceeded") == CLIENTS - BUDGET_FOR
        crowd = [limit_of(store, {"concurrency": 5}) for store in stores]
        under_way, most = 0, 0

        async def hold(stage: Limit) -> None:
            nonlocal under_way, most
            exchange = asking(caller=CI, started=trio.current_time())
            try:
                await stage.attend(exchange)
            except RateLimited:
                return
            under_way += 1
            most = max(most, under_way)
            await trio.sleep(0.005)
            under_way -= 1
            await finish(exchange)

        for _ in range(2):
            async with trio.open_nursery() as clients:
                for number in range(CLIENTS):
                    clients.start_soon(hold, crowd[number % 2])
        assert most == 5
        for _ in range(5):
            exchange = asking(caller=CI)
            await crowd[0].attend(exchange)
        nursery.cancel_scope.cancel()

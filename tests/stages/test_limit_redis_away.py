"""Limits in a Redis that is frozen or killed: what waits is bounded, and it goes on by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from sluicegate.adapters.stores.redis.address import read_address
from sluicegate.adapters.stores.redis.store import RedisStore
from sluicegate.pipeline.errors import StoreUnavailable
from sluicegate.pipeline.exchange import Exchange
from sluicegate.stages.limit import Limit
from tests.servers import RedisServer
from tests.stages.exchanges import asking
from tests.stages.limiting import Spent, finish, key, limit_of, used

pytestmark = pytest.mark.redis
TIMEOUT = 0.1
SLACK = 1.0
"""Seconds by which a busy machine may be late."""
CI = key()
LIMITS = {"requests": ["100/1000d"], "tokens": ["100000/1000d"], "budgets": {"total": "$5"}, "concurrency": 50}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as running:
        yield running


@asynccontextmanager
async def limited(server: RedisServer, policy: str) -> AsyncIterator[Limit]:
    store = RedisStore("shared", read_address(server.url), timeout=TIMEOUT, prefix="t")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.run)
        yield limit_of(store, {**LIMITS, "on_failure": policy}, ledger=Spent())
        nursery.cancel_scope.cancel()


async def ask(stage: Limit) -> Exchange:
    exchange = asking(caller=CI, max_tokens=10, started=trio.current_time())
    await stage.attend(exchange)
    return exchange


async def counted(stage: Limit) -> Exchange:
    """Ask until that is counted again."""
    with trio.fail_after(10.0):
        while True:
            try:
                exchange = await ask(stage)
            except StoreUnavailable:
                await trio.sleep(0.02)
                continue
            if "limit" not in exchange.notes:
                return exchange
            await finish(exchange)
            await trio.sleep(0.02)


def remaining(exchange: Exchange) -> int:
    return int(dict(exchange.headers)["x-ratelimit-remaining-requests"])


@pytest.mark.parametrize("policy", ["open", "closed"])
async def test_a_frozen_redis_costs_a_bounded_wait_and_then_the_policy(server: RedisServer, policy: str) -> None:
    async with limited(server, policy) as stage:
        await finish(await counted(stage))
        server.freeze()
        begun = trio.current_time()
        for _ in range(5):
            if policy == "open":
                exchange = await ask(stage)
                assert exchange.notes["limit"] == "open"
                await finish(exchange)
                continue
            with pytest.raises(StoreUnavailable):
                await ask(stage)
        # The first one waits as long as the store has patience, and the others not at all.
        assert trio.current_time() - begun < 2 * TIMEOUT + SLACK
        server.thaw()
        await counted(stage)


async def test_a_redis_that_comes_back_empty_is_seeded_anew_and_counts_on(server: RedisServer) -> None:
    async with limited(server, "open") as stage:
        first = await counted(stage)
        assert remaining(first) == 99
        server.kill()
        lost = await ask(stage)
        assert lost.notes["limit"] == "open"
        used(first, 5)
        await finish(first)
        server.start()
        again = await counted(stage)
        assert remaining(again) == 99
        assert stage._counting._ledger.asked == [("key", "ci", 0.0)] * 2  # type: ignore[attr-defined]  # it is a `Spent`

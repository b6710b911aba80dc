"""The store in a real Redis: the suite that all stores pass, and what is its own."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from itertools import count

import pytest
import trio

from sluicegate.adapters.stores.redis.address import read_address
from sluicegate.adapters.stores.redis.commands import Commands
from sluicegate.adapters.stores.redis.store import RedisStore
from sluicegate.adapters.stores.windows import IDLE
from sluicegate.pipeline.errors import StoreUnavailable
from sluicegate.pipeline.store import Slot, Window
from tests.adapters.stores.redis.running import LONG
from tests.conformance.store import ROOM, StoreConformance
from tests.servers import RedisServer

pytestmark = pytest.mark.redis
CLOCK = "local now = tonumber(redis.call('GET', 'the clock'))"
PREFIXES = (f"test{number}:" for number in count())


def opened(server: RedisServer, *, prefix: str | None = None, **options: str) -> RedisStore:
    address = read_address(f"{server.url}/9")
    return RedisStore("shared", address, timeout=LONG, prefix=prefix or next(PREFIXES), **options)


class Bench:
    """A Redis whose time, as the scripts have it, stands still until told; what has an end is brought nearer to it."""

    tolerance = 0.1
    bounds_parts = False

    def __init__(self, store: RedisStore) -> None:
        self.store = store
        self._commands: Commands = store._commands
        self._time = 1_000_000_020.0

    async def set_clock(self) -> None:
        await self._commands.set("the clock", f"{self._time:.6f}")

    async def align(self, seconds: float) -> None:
        self._time += -self._time % seconds
        await self.set_clock()

    async def pass_time(self, seconds: float) -> None:
        self._time += seconds
        await self.set_clock()
        for key in await self._commands.keys(f"{self.store._prefix}*"):
            left = await self._commands.pttl(key)
            if left > 0:
                await self._commands.pexpire(key, max(0, left - round(seconds * 1000)))


@pytest.fixture
async def held(shared_redis: RedisServer) -> AsyncIterator[Bench]:
    async with trio.open_nursery() as nursery:
        bench = Bench(opened(shared_redis, clock=CLOCK))
        nursery.start_soon(bench.store.run)
        await bench.set_clock()
        yield bench
        nursery.cancel_scope.cancel()


class TestRedisStore(StoreConformance):
    @pytest.fixture
    def bench(self, held: Bench) -> Bench:
        return held


class TestPartOfARedisStore(StoreConformance):
    @pytest.fixture
    def bench(self, held: Bench) -> Bench:
        held.store = held.store.part("part", max_entries=100, max_bytes=2 * ROOM)
        return held


@pytest.fixture
async def two(shared_redis: RedisServer) -> AsyncIterator[tuple[RedisStore, RedisStore]]:
    """Two machines' stores."""
    async with trio.open_nursery() as nursery:
        prefix = next(PREFIXES)
        stores = opened(shared_redis, prefix=prefix), opened(shared_redis, prefix=prefix)
        for store in stores:
            nursery.start_soon(store.run)
        yield stores
        nursery.cancel_scope.cancel()


async def test_two_machines_count_exactly_as_one(two):
    admitted = 0

    async def caller(store: RedisStore) -> None:
        nonlocal admitted
        for _ in range(5):
            admission = await store.hit([Window("tenant", 100, 86400.0), Window("tenant", 1000, 7 * 86400.0)])
            admitted += admission.refused_by is None

    async with trio.open_nursery() as nursery:
        for at in range(200):
            nursery.start_soon(caller, two[at % 2])
    assert admitted == 100


async def test_time_is_the_servers_own(two):
    before = time.time()
    admission = await two[0].hit([Window("tenant", 1, 60.0)])
    assert before - 1.0 < admission.at < time.time() + 1.0


async def test_what_one_machine_has_counted_another_gives_back(two):
    one, other = two
    window = Window("tenant", 1, 60.0)
    admission = await one.hit([window])
    await other.adjust([window], admission, -1)
    assert (await one.hit([window])).refused_by is None


async def test_a_slot_that_one_machine_holds_another_has_not(two):
    one, other = two
    assert await one.hold([Slot("tenant", 1)], "a", 60.0) is None
    assert await other.hold([Slot("tenant", 1)], "b", 60.0) == Slot("tenant", 1)
    await one.release([Slot("tenant", 1)], "a")
    assert await other.hold([Slot("tenant", 1)], "b", 60.0) is None


async def test_prefixes_keep_gateways_apart(shared_redis, two):
    async with trio.open_nursery() as nursery:
        stranger = opened(shared_redis)
        nursery.start_soon(stranger.run)
        await two[0].put("key", b"ours", ttl=60.0)
        assert await two[1].get("key") == b"ours"
        assert await stranger.get("key") is None
        nursery.cancel_scope.cancel()


async def test_all_that_it_keeps_has_the_prefix_and_an_end(two):
    store = two[0]
    await store.put("key", b"value", ttl=60.0)
    await store.part("part", max_entries=1, max_bytes=ROOM).put("key", b"value", ttl=60.0)
    await store.hit([Window("tenant", 1, 60.0), Window("tenant", 1, 3600.0)])
    await store.seed(Window("budget", 1, float("inf"), seeded=True), 5)
    await store.hold([Slot("tenant", 1)], "owner", 60.0)
    commands = store._commands
    keys = await commands.keys(f"{store._prefix}*")
    assert len(keys) == 6
    for key in keys:
        assert 0 < await commands.ttl(key) <= IDLE + 1


async def test_what_is_larger_than_its_part_is_not_stored_and_leaves_nothing_older(two):
    part = two[0].part("small", max_entries=10, max_bytes=100)
    await part.put("key", b"small", ttl=60.0)
    await part.put("key", bytes(200), ttl=60.0)
    assert await part.get("key") is None


async def test_a_server_that_has_forgotten_the_scripts_is_sent_them_again(two):
    window = Window("tenant", 2, 60.0)
    await two[0].hit([window])
    await two[0]._commands.script_flush()
    assert (await two[0].hit([window])).standings[0].remaining == 0


async def test_a_key_that_holds_something_else_is_an_error_that_quotes_nothing(two):
    await two[0].hold([Slot("secret key", 1)], "owner", 60.0)
    (key,) = await two[0]._commands.keys(f"{two[0]._prefix}*")
    await two[0]._commands.rename(key, key.replace(b"s/", b"v/"))
    with pytest.raises(StoreUnavailable, match="it refuses commands") as refused:
        await two[0].get("secret key")
    assert "secret key" not in refused.value.message


async def test_a_full_redis_still_answers_and_says_that_it_is_full(redis_server, caplog):
    async with trio.open_nursery() as nursery:
        store = opened(redis_server)
        nursery.start_soon(store.run)
        await store.put("key", b"value", ttl=60.0)
        await store._commands.config_set("maxmemory", "100kb")
        await store._commands.config_set("maxmemory-policy", "noeviction")
        for full in (
            lambda: store.put("other", bytes(1000), ttl=60.0),
            lambda: store.hit([Window("tenant", 5, 60.0)]),
        ):
            with pytest.raises(StoreUnavailable, match="store 'shared' cannot be used: it is full"):
                await full()
        assert await store.get("key") == b"value"
        assert [record.getMessage() for record in caplog.records] == ["store 'shared' cannot be used: it is full"]
        await store._commands.config_set("maxmemory", "0")
        assert (await store.hit([Window("tenant", 5, 60.0)])).refused_by is None
        nursery.cancel_scope.cancel()


async def test_a_redis_that_comes_back_empty_is_used_as_a_new_one(redis_server):
    async with trio.open_nursery() as nursery:
        store = opened(redis_server)
        nursery.start_soon(store.run)
        window, budget = Window("tenant", 1, 60.0), Window("budget", 10, float("inf"), seeded=True)
        await store.seed(budget, 3)
        await store.hit([window, budget])
        redis_server.kill()
        redis_server.start()
        with trio.fail_after(5.0):
            while True:
                try:
                    admission = await store.hit([window, budget])
                except StoreUnavailable:
                    await trio.sleep(0.01)
                else:
                    break
        assert admission.missing == (budget,)  # so that its base is asked of the ledger again
        await store.seed(budget, 4)
        assert [one.remaining for one in (await store.hit([window, budget])).standings] == [0, 5]
        nursery.cancel_scope.cancel()

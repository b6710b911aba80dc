"""The memory store: the suite that all stores pass, and its own bounds."""

import pytest
import trio
from trio.testing import MockClock

from sluicegate.adapters.stores.memory import MAX_BYTES, MAX_COUNTERS, MAX_ENTRIES, MemoryStore
from sluicegate.pipeline.store import Store, Window, at_once
from tests.conformance.store import StoreConformance
from tests.conformance.waiting_store import WaitingStore


class HandClock:
    """A bench whose clock stands still until told."""

    tolerance = 0.0

    def __init__(self) -> None:
        self.time = 0.0
        self.store: Store = MemoryStore(lambda: self.time)

    async def align(self, seconds: float) -> None:
        self.time += -self.time % seconds

    async def pass_time(self, seconds: float) -> None:
        self.time += seconds


class TestMemoryStore(StoreConformance):
    @pytest.fixture
    def bench(self) -> HandClock:
        return HandClock()


class TestWaitingStore(StoreConformance):
    """The stand-in for a remote store that other tests use is one."""

    @pytest.fixture
    def bench(self) -> HandClock:
        bench = HandClock()
        bench.store = WaitingStore(MemoryStore(lambda: bench.time))
        return bench


def test_none_of_its_methods_ever_waits() -> None:
    store = MemoryStore(lambda: 0.0)
    assert store.immediate
    at_once(store.put("key", b"value", ttl=60.0))
    assert at_once(store.get("key")) == b"value"
    admission = at_once(store.hit([Window("tenant", 5, 60.0)]))
    at_once(store.adjust([Window("tenant", 5, 60.0)], admission, -1))


async def test_its_time_is_trios_unless_told_otherwise(autojump_clock: MockClock) -> None:
    store = MemoryStore()
    await store.put("key", b"value", ttl=5.0)
    await trio.sleep(4.0)
    assert await store.get("key") == b"value"
    await trio.sleep(1.0)
    assert await store.get("key") is None


def test_its_default_bounds_are_known() -> None:
    assert (MAX_ENTRIES, MAX_BYTES, MAX_COUNTERS) == (10_000, 64 * 1024 * 1024, 100_000)


def test_at_its_bound_of_bytes_the_least_recently_used_entry_goes() -> None:
    store = MemoryStore(lambda: 0.0, max_bytes=1000)
    for key in ("a", "b", "c", "d"):
        at_once(store.put(key, bytes(100), ttl=60.0))
    assert [at_once(store.get(key)) is not None for key in ("a", "b", "c", "d")] == [False, True, True, True]


def test_each_part_has_a_bound_of_bytes_of_its_own() -> None:
    store = MemoryStore(lambda: 0.0, max_bytes=100)
    part = store.part("part", max_entries=10, max_bytes=1000)
    at_once(part.put("large", bytes(1000), ttl=60.0))
    assert at_once(part.get("large")) is None
    at_once(part.put("small", bytes(500), ttl=60.0))
    assert at_once(part.get("small")) is not None
    store.part("part", max_entries=10, max_bytes=2000)
    at_once(part.put("large", bytes(1000), ttl=60.0))
    assert [at_once(part.get(key)) is not None for key in ("small", "large")] == [True, True]


def test_at_its_bound_of_counters_the_one_not_hit_for_longest_starts_anew() -> None:
    store = MemoryStore(lambda: 0.0, max_counters=2)
    one, two, three = (Window(key, 1, 60.0) for key in ("one", "two", "three"))
    for window in (one, two, three):
        assert at_once(store.hit([window])).refused_by is None
    assert at_once(store.hit([three])).refused_by is not None
    assert at_once(store.hit([two])).refused_by is not None
    assert at_once(store.hit([one])).refused_by is None

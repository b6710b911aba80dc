"""The store that processes share: the suite that all stores pass, and the memory store as its judge."""

import math
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.adapters.stores.shared import SharedStore
from sluicegate.adapters.stores.table import create_memory
from sluicegate.adapters.stores.windows import IDLE
from sluicegate.pipeline.store import Admission, Store, Window, at_once
from tests.conformance.store import ROOM, StoreConformance

MINUTE = Window("tenant", 5, 60.0)
WINDOWS = [Window(key, count, seconds) for key in ("one", "two") for count, seconds in ((4, 8.0), (9, 30.0), (7, 8.0))]


class HandClock:
    """A bench whose clock stands still until told."""

    tolerance = 0.0
    bounds_parts = True

    def __init__(self, memory: int) -> None:
        self.time = 0.0
        self.store: Store = SharedStore(memory, lambda: self.time)

    async def align(self, seconds: float) -> None:
        self.time += -self.time % seconds

    async def pass_time(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = create_memory()
    yield descriptor
    os.close(descriptor)


class TestSharedStore(StoreConformance):
    @pytest.fixture
    def bench(self, memory: int) -> HandClock:
        return HandClock(memory)


class TestPartOfASharedStore(StoreConformance):
    @pytest.fixture
    def bench(self, memory: int) -> HandClock:
        bench = HandClock(memory)
        bench.store = bench.store.part("part", max_entries=100, max_bytes=2 * ROOM)
        return bench


def refused(store: Store, window: Window, amount: int = 1) -> bool:
    return at_once(store.hit([window], amount)).refused_by is not None


def test_none_of_its_methods_ever_waits(memory: int) -> None:
    store = SharedStore(memory)
    assert store.immediate
    at_once(store.put("key", b"value", ttl=60.0))
    assert at_once(store.get("key")) == b"value"
    at_once(store.adjust([MINUTE], at_once(store.hit([MINUTE])), -1))


def test_stores_of_one_memory_count_together_and_those_of_another_apart(memory: int) -> None:
    one, two = (SharedStore(memory, lambda: 0.0) for _ in range(2))
    assert not refused(one, MINUTE, 3)
    assert refused(two, MINUTE, 3)
    elsewhere = create_memory()
    assert not refused(SharedStore(elsewhere, lambda: 0.0), MINUTE, 3)
    os.close(elsewhere)


def test_what_one_process_counted_another_may_take_back(memory: int) -> None:
    one, two = (SharedStore(memory, lambda: 0.0) for _ in range(2))
    admission = at_once(one.hit([MINUTE], 5))
    at_once(two.adjust([MINUTE], admission, -5))
    assert not refused(one, MINUTE, 5)


def test_counters_of_parts_are_shared_and_apart_from_all_others(memory: int) -> None:
    one, two = (SharedStore(memory, lambda: 0.0) for _ in range(2))
    bounds: Any = {"max_entries": 1, "max_bytes": 100}
    assert not refused(one.part("a", **bounds), MINUTE, 5)
    assert refused(two.part("a", **bounds), MINUTE, 5)
    others = [two, two.part("b", **bounds), two.part("a", **bounds).part("a", **bounds)]
    assert not any(refused(other, MINUTE, 5) for other in others)
    # The same text, divided elsewhere into names and key.
    divided = [(two, "a/b/c"), (two.part("a", **bounds), "b/c"), (two.part("a/b", **bounds), "c")]
    assert not any(refused(other, Window(key, 5, 60.0), 5) for other, key in divided)


def test_entries_are_each_process_own(memory: int) -> None:
    one, two = SharedStore(memory), SharedStore(memory)
    at_once(one.put("key", b"value", ttl=60.0))
    assert at_once(two.get("key")) is None


def test_a_key_may_be_any_text(memory: int) -> None:
    store = SharedStore(memory, lambda: 0.0)
    for key in ("", "\x00", "\udc80", "é" * 10_000):
        assert not refused(store, Window(key, 1, 60.0))
        assert refused(store, Window(key, 1, 60.0))


def test_its_time_is_that_of_the_machine_unless_told_otherwise(memory: int) -> None:
    """Not trio's, which begins anew at random in each process."""
    before = time.monotonic()
    at = at_once(SharedStore(memory).hit([MINUTE])).at
    assert before <= at <= time.monotonic()


HITS = st.tuples(st.just("hit"), st.lists(st.sampled_from(WINDOWS), max_size=4), st.integers(min_value=0, max_value=5))
REFUNDS = st.tuples(st.just("refund"), st.integers(min_value=0, max_value=30), st.none())
PAUSES = st.tuples(st.just("pause"), st.floats(min_value=0.0, max_value=40.0), st.none())


@given(st.lists(st.one_of(HITS, REFUNDS, PAUSES), max_size=60), st.integers(min_value=1, max_value=64))
def test_two_processes_count_as_one_with_a_memory_store_does(steps: list[tuple[str, Any, Any]], slots: int) -> None:
    now = 0.0
    memory = create_memory(max(slots, 8))
    stores = [SharedStore(memory, lambda: now) for _ in range(2)]
    judge = MemoryStore(lambda: now)
    done: list[tuple[list[Window], Admission, int]] = []
    for number, (what, value, amount) in enumerate(steps):
        store = stores[number % 2]
        if what == "pause":
            now += value
        elif what == "hit":
            admission = at_once(store.hit(value, amount))
            assert admission == at_once(judge.hit(value, amount))
            done.append((value, admission, amount))
        elif done:
            windows, admission, counted = done[value % len(done)]
            at_once(store.adjust(windows, admission, -counted))
            at_once(judge.adjust(windows, admission, -counted))
    assert [store.evictions for store in stores] == [0, 0]
    os.close(memory)


async def test_a_budget_that_nobody_has_hit_for_long_is_told_anew(memory: int) -> None:
    """What a process had reserved that was killed is forgotten with it."""
    bench = HandClock(memory)
    budget = Window("budget", 100, math.inf, seeded=True)
    await bench.store.seed(budget, 40)
    await bench.store.hit([budget], 50)
    bench.time += IDLE
    assert (await bench.store.hit([budget], 5)).standings[0].remaining == 5
    bench.time += IDLE + 1.0
    assert (await bench.store.hit([budget], 5)).missing == (budget,)
    await bench.store.seed(budget, 45)
    await bench.store.seed(budget, 90)
    assert (await bench.store.hit([budget], 5)).standings[0].remaining == 50

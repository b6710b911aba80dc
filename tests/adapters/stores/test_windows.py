"""Sliding windows against the `limits` package, and what they promise of times."""

import importlib.util
import math
import threading
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import RateLimitItemPerSecond
from limits.strategies import SlidingWindowCounterRateLimiter

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.adapters.stores.windows import Counters
from sluicegate.pipeline.store import Window, at_once

LENGTH = 64
"""A power of two, as are the times below, so that the oracle's fractions are exact."""
STEPS = st.lists(
    st.tuples(st.integers(min_value=0, max_value=3 * LENGTH * 8), st.integers(min_value=1, max_value=6)), max_size=60
)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now


def oracle_module() -> ModuleType:
    """Load a second copy of the oracle's storage, to give it a clock and timer without touching the first."""
    spec = importlib.util.find_spec("limits.storage.memory")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Oracle:
    """The `limits` package's sliding-window counter, on a clock of ours."""

    def __init__(self, clock: Clock, count: int) -> None:
        module: Any = oracle_module()
        module.time = clock
        idle = SimpleNamespace(start=lambda: None, is_alive=lambda: True)
        module.threading = SimpleNamespace(Timer=lambda *_: idle, RLock=threading.RLock)
        self._storage = module.MemoryStorage()
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)
        self._item = RateLimitItemPerSecond(count, LENGTH)

    def hit(self, amount: int) -> bool:
        return self._limiter.hit(self._item, "tenant", cost=amount)

    def weighted(self) -> float:
        previous, weighs_for, current, _ = self._storage.get_sliding_window(
            self._item.key_for("tenant"), self._item.get_expiry()
        )
        return float(previous * weighs_for / LENGTH + current)


@given(STEPS, st.integers(min_value=1, max_value=20))
def test_it_counts_as_the_limits_package_does(steps: list[tuple[int, int]], count: int) -> None:
    """The oracle rounds the weighted sum down before it compares; we do not, so that ``retry_after`` can be exact."""
    clock = Clock()
    store, oracle, window = MemoryStore(clock.time), Oracle(clock, count), Window("tenant", count, float(LENGTH))
    # Not from 0, where the oracle takes the first bucket for the one before itself.
    clock.now = 1000.0 * LENGTH
    for eighths, amount in steps:
        clock.now += eighths / 8
        before = oracle.weighted()
        admission = at_once(store.hit([window], amount))
        if admission.refused_by is None:
            assert before + amount <= count + 1e-6
            assert oracle.hit(amount)
        else:
            assert before + amount > count
        assert admission.standings[0].remaining == math.floor(count - oracle.weighted() + 1e-6)


@given(
    hits=st.lists(st.tuples(st.floats(0.0, 200.0), st.integers(1, 5)), max_size=20),
    start=st.floats(0.0, 1e6),
    length=st.floats(0.5, 100.0),
    count=st.integers(1, 12),
)
def test_who_waits_as_long_as_was_said_is_admitted_and_no_sooner(
    hits: list[tuple[float, int]], start: float, length: float, count: int
) -> None:
    clock = Clock()
    clock.now = start
    store, window = MemoryStore(clock.time), Window("tenant", count, length)
    for pause, amount in hits:
        clock.now += pause
        refused = at_once(store.hit([window], amount)).refused_by
        if refused is None:
            continue
        if amount > count:
            assert refused.retry_after == math.inf
            continue
        came = clock.now
        # A thousandth of a window is more than one part in a thousand of one hit, which the tolerance could hide.
        clock.now = came + max(0.0, refused.retry_after - length / 1000)
        assert at_once(store.hit([window], amount)).refused_by is not None
        clock.now = came + refused.retry_after
        admission = at_once(store.hit([window], amount))
        assert admission.refused_by is None
        at_once(store.adjust([window], admission, -amount))


@given(hits=st.lists(st.tuples(st.floats(0.0, 200.0), st.integers(1, 5)), min_size=1, max_size=20))
def test_a_window_is_whole_after_its_reset_and_not_before(hits: list[tuple[float, int]]) -> None:
    clock = Clock()
    store, window = MemoryStore(clock.time), Window("tenant", 100, 64.0)
    standing = None
    for pause, amount in hits:
        clock.now += pause
        standing = at_once(store.hit([window], amount)).standings[0]
    assert standing is not None
    counted = clock.now
    clock.now = counted + standing.reset - 0.01
    early = at_once(store.hit([window], 100))
    assert early.refused_by is not None
    clock.now = counted + standing.reset
    assert at_once(store.hit([window], 100)).refused_by is None


def test_the_worked_example_of_the_method() -> None:
    """42 in the minute before, 18 in this one, a quarter of it gone: 42 * 0.75 + 18 = 49.5.

    https://blog.cloudflare.com/counting-things-a-lot-of-different-things/
    """
    clock = Clock()
    store, window = MemoryStore(clock.time), Window("tenant", 50, 60.0)
    at_once(store.hit([window], 42))
    clock.now = 75.0
    standing = at_once(store.hit([window], 18)).standings[0]
    assert standing.remaining == 0
    refused = at_once(store.hit([window])).refused_by
    assert refused is not None
    # 42 * x + 18 + 1 = 50 at x = 31 / 42.
    assert refused.retry_after == pytest.approx(45.0 - 60.0 * 31 / 42)
    assert refused.reset == 105.0


def test_counters_past_their_time_are_swept_as_new_ones_are_made() -> None:
    counters = Counters(60.0, limit=1000)
    for number in range(500):
        counters.hold(f"old {number}", now=0.0).current += 1
    for number in range(250):
        counters.hold(f"new {number}", now=120.0).current += 1
    assert len(counters) == 250


def test_counters_that_still_weigh_are_not_swept() -> None:
    counters = Counters(60.0, limit=1000)
    for number in range(10):
        counters.hold(f"old {number}", now=0.0).current += 1
    for number in range(10):
        counters.hold(f"new {number}", now=119.0).current += 1
    assert len(counters) == 20


def keys() -> Iterator[str]:
    return (f"tenant {number}" for number in range(10_000))


def test_counters_never_exceed_their_limit() -> None:
    counters = Counters(60.0, limit=100)
    for key in keys():
        counters.hold(key, now=0.0).current += 1
    assert len(counters) == 100

"""What every store has to do. A store's own tests subclass `StoreConformance` and give it a bench.

::

    class TestMyStore(StoreConformance):
        @pytest.fixture
        def bench(self) -> MyBench: ...
"""

import math
from typing import Protocol

import pytest

from sluicegate.pipeline.store import Store, Window

MINUTE = 60.0
ROOM = 1024 * 1024
"""Bytes that a part may take where it is not about them."""


class Bench(Protocol):
    """A store to be tested, and its time."""

    store: Store
    tolerance: float
    """Seconds by which the store's times may be off; 0 where the bench has the clock in its hand."""

    async def align(self, seconds: float) -> None:
        """Let time pass until a bucket of ``seconds`` begins."""
        ...

    async def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        ...


def window(count: int, seconds: float = MINUTE, key: str = "tenant") -> Window:
    return Window(key, count, seconds)


class StoreConformance:
    """The suite."""

    async def test_what_was_put_is_there_until_its_time_is_over(self, bench: Bench) -> None:
        await bench.store.put("key", b"value\x00\xff", ttl=8.0)
        assert await bench.store.get("key") == b"value\x00\xff"
        await bench.pass_time(7.5)
        assert await bench.store.get("key") == b"value\x00\xff"
        await bench.pass_time(0.5 + bench.tolerance)
        assert await bench.store.get("key") is None

    async def test_nothing_is_there_that_was_not_put(self, bench: Bench) -> None:
        assert await bench.store.get("key") is None

    async def test_putting_again_replaces_value_and_time(self, bench: Bench) -> None:
        await bench.store.put("key", b"old", ttl=1.0)
        await bench.store.put("key", b"new", ttl=60.0)
        await bench.pass_time(2.0)
        assert await bench.store.get("key") == b"new"

    async def test_putting_for_no_time_removes(self, bench: Bench) -> None:
        await bench.store.put("key", b"value", ttl=60.0)
        await bench.store.put("key", b"value", ttl=0.0)
        assert await bench.store.get("key") is None

    async def test_an_empty_value_is_a_value(self, bench: Bench) -> None:
        await bench.store.put("key", b"", ttl=60.0)
        assert await bench.store.get("key") == b""

    async def test_parts_have_keys_of_their_own(self, bench: Bench) -> None:
        part, other = (
            bench.store.part("one", max_entries=10, max_bytes=ROOM),
            bench.store.part("two", max_entries=10, max_bytes=ROOM),
        )
        await part.put("key", b"value", ttl=60.0)
        assert await bench.store.get("key") is None
        assert await other.get("key") is None
        assert await bench.store.part("one", max_entries=10, max_bytes=ROOM).get("key") == b"value"

    async def test_a_part_holds_as_many_entries_as_it_was_asked_for_and_keeps_the_latest_used(
        self, bench: Bench
    ) -> None:
        part = bench.store.part("small", max_entries=2, max_bytes=ROOM)
        await part.put("first", b"1", ttl=60.0)
        await part.put("second", b"2", ttl=60.0)
        await part.get("first")
        await part.put("third", b"3", ttl=60.0)
        assert [await part.get(key) for key in ("first", "second", "third")] == [b"1", None, b"3"]

    async def test_a_part_holds_as_many_bytes_as_it_was_asked_for(self, bench: Bench) -> None:
        part = bench.store.part("light", max_entries=100, max_bytes=ROOM)
        for key in ("first", "second"):
            await part.put(key, bytes(ROOM * 2 // 3), ttl=60.0)
        assert [await part.get(key) is not None for key in ("first", "second")] == [False, True]

    async def test_a_part_takes_the_bound_given_last(self, bench: Bench) -> None:
        part = bench.store.part("grows", max_entries=1, max_bytes=ROOM)
        bench.store.part("grows", max_entries=2, max_bytes=ROOM)
        await part.put("first", b"1", ttl=60.0)
        await part.put("second", b"2", ttl=60.0)
        assert await part.get("first") == b"1"

    async def test_exactly_as_many_hits_are_admitted_as_the_window_holds(self, bench: Bench) -> None:
        await bench.align(MINUTE)
        remaining = []
        for _ in range(5):
            admission = await bench.store.hit([window(5)])
            assert admission.refused_by is None
            remaining.append(admission.standings[0].remaining)
        assert remaining == [4, 3, 2, 1, 0]
        refused = await bench.store.hit([window(5)])
        assert refused.refused_by is not None
        assert refused.refused_by.window == window(5)
        assert refused.refused_by.remaining == 0

    async def test_a_refusal_says_when_the_same_hit_is_admitted(self, bench: Bench) -> None:
        await bench.align(MINUTE)
        await bench.store.hit([window(6)], 6)
        await bench.pass_time(20.0)
        refused = (await bench.store.hit([window(6)])).refused_by
        assert refused is not None
        # The rest of the bucket, and then until a sixth of what it counted has slid out.
        assert refused.retry_after == pytest.approx(40.0 + 10.0, abs=bench.tolerance)
        await bench.pass_time(refused.retry_after - 1.0)
        assert (await bench.store.hit([window(6)])).refused_by is not None
        await bench.pass_time(1.0 + bench.tolerance)
        assert (await bench.store.hit([window(6)])).refused_by is None

    async def test_a_count_slides_out_with_the_time_after_its_bucket(self, bench: Bench) -> None:
        await bench.align(MINUTE)
        await bench.store.hit([window(60)], 60)
        await bench.pass_time(MINUTE + 15.0)
        # Three quarters of the bucket before are still covered: 45 of 60.
        admission = await bench.store.hit([window(60)], 15)
        assert admission.refused_by is None
        assert admission.standings[0].remaining == 0
        assert (await bench.store.hit([window(60)])).refused_by is not None

    async def test_a_window_is_whole_when_its_reset_is_over(self, bench: Bench) -> None:
        await bench.align(MINUTE)
        await bench.pass_time(10.0)
        standing = (await bench.store.hit([window(10)])).standings[0]
        assert standing.reset == pytest.approx(110.0, abs=bench.tolerance)
        await bench.pass_time(standing.reset + bench.tolerance)
        assert (await bench.store.hit([window(10)], 10)).refused_by is None

    async def test_a_hit_larger_than_the_window_is_never_admitted(self, bench: Bench) -> None:
        refused = (await bench.store.hit([window(5)], 6)).refused_by
        assert refused is not None
        assert refused.retry_after == math.inf
        assert (await bench.store.hit([window(5)], 5)).refused_by is None

    async def test_a_refusal_by_one_window_counts_in_none(self, bench: Bench) -> None:
        await bench.align(3600.0)
        wide, narrow = window(100, 3600.0), window(1)
        await bench.store.hit([wide, narrow])
        refused = await bench.store.hit([wide, narrow])
        assert refused.refused_by is not None
        assert refused.refused_by.window == narrow
        assert [one.remaining for one in refused.standings] == [99, 0]
        assert (await bench.store.hit([wide])).standings[0].remaining == 98

    async def test_of_several_refusals_the_longest_is_told(self, bench: Bench) -> None:
        await bench.align(3600.0)
        wide, narrow = window(1, 3600.0), window(1)
        await bench.store.hit([narrow, wide])
        for order in ([narrow, wide], [wide, narrow]):
            refused = await bench.store.hit(order)
            assert refused.refused_by is not None
            assert refused.refused_by.window == wide
            assert [one.window for one in refused.standings] == order

    async def test_windows_of_one_key_and_length_share_a_counter(self, bench: Bench) -> None:
        await bench.align(MINUTE)
        admission = await bench.store.hit([window(5), window(10)])
        assert [one.remaining for one in admission.standings] == [4, 9]

    async def test_keys_are_counted_apart(self, bench: Bench) -> None:
        await bench.store.hit([window(1, key="one")])
        assert (await bench.store.hit([window(1, key="two")])).refused_by is None

    async def test_no_windows_admit(self, bench: Bench) -> None:
        admission = await bench.store.hit([])
        assert admission.refused_by is None
        assert admission.standings == ()

    async def test_a_refund_makes_room_again(self, bench: Bench) -> None:
        windows = [window(1), window(1, 3600.0)]
        admission = await bench.store.hit(windows)
        await bench.store.refund(windows, admission)
        assert (await bench.store.hit(windows)).refused_by is None
        assert (await bench.store.hit(windows)).refused_by is not None

    async def test_a_refund_goes_back_to_the_bucket_that_it_was_counted_in(self, bench: Bench) -> None:
        await bench.align(MINUTE)
        admission = await bench.store.hit([window(60)], 60)
        await bench.pass_time(MINUTE)
        await bench.store.refund([window(60)], admission, 60)
        # Taken from the new bucket instead, it would have no effect: nothing is counted there yet.
        assert (await bench.store.hit([window(60)], 60)).refused_by is None

    async def test_a_refund_that_comes_too_late_takes_nothing_from_others(self, bench: Bench) -> None:
        await bench.align(MINUTE)
        admission = await bench.store.hit([window(2)])
        await bench.pass_time(2 * MINUTE)
        await bench.store.hit([window(2)], 2)
        await bench.store.refund([window(2)], admission)
        assert (await bench.store.hit([window(2)])).refused_by is not None

    async def test_a_refusal_has_nothing_to_refund(self, bench: Bench) -> None:
        await bench.store.hit([window(1)])
        refused = await bench.store.hit([window(1)])
        await bench.store.refund([window(1)], refused)
        assert (await bench.store.hit([window(1)])).refused_by is not None

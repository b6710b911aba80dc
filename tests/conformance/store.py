"""What every store has to do. A store's own tests subclass `StoreConformance` and give it a bench.

::

    class TestMyStore(StoreConformance):
        @pytest.fixture
        def bench(self) -> MyBench: ...
"""

import math
from typing import Protocol

import pytest

from sluicegate.pipeline.store import Slot, Store, Window

MINUTE = 60.0
ROOM = 1024 * 1024
"""Bytes that a part may take where it is not about them."""


class Bench(Protocol):
    """A store to be tested, and its time."""

    store: Store
    tolerance: float
    """Seconds by which the store's times may be off; 0 where the bench has the clock in its hand."""

    @property
    def bounds_parts(self) -> bool:
        """Whether the store itself keeps a part to its bounds, or leaves that to a server."""
        ...

    async def align(self, seconds: float) -> None:
        """Let time pass until a bucket of ``seconds`` begins."""
        ...

    async def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        ...


def window(count: int, seconds: float = MINUTE, key: str = "tenant") -> Window:
    return Window(key, count, seconds)


def only_if_it_bounds_parts(bench: Bench) -> None:
    if not bench.bounds_parts:
        pytest.skip("the server behind this store bounds what it keeps, all of it together")


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
        only_if_it_bounds_parts(bench)
        part = bench.store.part("small", max_entries=2, max_bytes=ROOM)
        await part.put("first", b"1", ttl=60.0)
        await part.put("second", b"2", ttl=60.0)
        await part.get("first")
        await part.put("third", b"3", ttl=60.0)
        assert [await part.get(key) for key in ("first", "second", "third")] == [b"1", None, b"3"]

    async def test_a_part_holds_as_many_bytes_as_it_was_asked_for(self, bench: Bench) -> None:
        only_if_it_bounds_parts(bench)
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
        await bench.store.adjust(windows, admission, -1)
        assert (await bench.store.hit(windows)).refused_by is None
        assert (await bench.store.hit(windows)).refused_by is not None

    async def test_a_refund_goes_back_to_the_bucket_that_it_was_counted_in(self, bench: Bench) -> None:
        await bench.align(MINUTE)
        admission = await bench.store.hit([window(60)], 60)
        await bench.pass_time(MINUTE)
        await bench.store.adjust([window(60)], admission, -60)
        # Taken from the new bucket instead, it would have no effect: nothing is counted there yet.
        assert (await bench.store.hit([window(60)], 60)).refused_by is None

    async def test_a_refund_that_comes_too_late_takes_nothing_from_others(self, bench: Bench) -> None:
        await bench.align(MINUTE)
        admission = await bench.store.hit([window(2)])
        await bench.pass_time(2 * MINUTE)
        await bench.store.hit([window(2)], 2)
        await bench.store.adjust([window(2)], admission, -1)
        assert (await bench.store.hit([window(2)])).refused_by is not None

    async def test_a_refusal_has_nothing_to_refund(self, bench: Bench) -> None:
        await bench.store.hit([window(1)])
        refused = await bench.store.hit([window(1)])
        await bench.store.adjust([window(1)], refused, -1)
        assert (await bench.store.hit([window(1)])).refused_by is not None

    async def test_each_window_may_count_an_amount_of_its_own(self, bench: Bench) -> None:
        windows = [window(3), window(100, key="tokens")]
        admission = await bench.store.hit(windows, (1, 60))
        assert [one.remaining for one in admission.standings] == [2, 40]
        refused = (await bench.store.hit(windows, (1, 60))).refused_by
        assert refused is not None
        assert refused.window == windows[1]
        assert (await bench.store.hit(windows, (1, 40))).standings[0].remaining == 1

    async def test_what_was_used_beyond_what_was_reserved_counts_even_over_the_limit(self, bench: Bench) -> None:
        await bench.align(MINUTE)
        windows = [window(10), window(100, key="tokens")]
        admission = await bench.store.hit(windows, (1, 50))
        await bench.store.adjust(windows, admission, (0, 70))
        refused = (await bench.store.hit(windows, (1, 1))).refused_by
        assert refused is not None
        assert refused.window == windows[1]
        assert refused.remaining == 0
        await bench.store.adjust(windows, admission, (0, -119))
        assert [one.remaining for one in (await bench.store.hit(windows, (1, 1))).standings] == [8, 98]

    async def test_an_adjustment_never_leaves_less_than_nothing(self, bench: Bench) -> None:
        admission = await bench.store.hit([window(5)])
        await bench.store.adjust([window(5)], admission, -3)
        assert (await bench.store.hit([window(5)])).standings[0].remaining == 4

    async def test_a_window_without_end_never_slides(self, bench: Bench) -> None:
        endless = window(2, math.inf)
        await bench.store.hit([endless])
        await bench.pass_time(1.0)
        standing = (await bench.store.hit([endless])).standings[0]
        assert (standing.remaining, standing.reset) == (0, math.inf)
        refused = (await bench.store.hit([endless])).refused_by
        assert refused is not None
        assert refused.retry_after == math.inf

    async def test_a_seeded_window_counts_nothing_before_its_base_is_told(self, bench: Bench) -> None:
        budget = Window("budget", 100, math.inf, seeded=True)
        missing = await bench.store.hit([window(5), budget], (1, 30))
        assert missing.missing == (budget,)
        assert missing.refused_by is None
        await bench.store.adjust([window(5), budget], missing, 10)
        await bench.store.seed(budget, 60)
        admission = await bench.store.hit([window(5), budget], (1, 30))
        assert [one.remaining for one in admission.standings] == [4, 10]
        assert (await bench.store.hit([window(5), budget], (1, 30))).refused_by is not None

    async def test_a_base_is_told_once(self, bench: Bench) -> None:
        budget = Window("budget", 100, math.inf, seeded=True)
        await bench.store.seed(budget, 40)
        await bench.store.seed(budget, 0)
        assert (await bench.store.hit([budget], 1)).standings[0].remaining == 59

    async def test_many_bases_of_nothing_are_kept_beside_each_other(self, bench: Bench) -> None:
        budgets = [Window(f"budget {number} {{tag}}", 100, math.inf, seeded=True) for number in range(30)]
        for budget in budgets:
            await bench.store.seed(budget, 0)
        slots = [Slot(f"slot {number} {{tag}}", 2) for number in range(30)]
        assert await bench.store.hold(slots, "one", 60.0) is None
        await bench.store.release(slots, "one")
        admission = await bench.store.hit(budgets, 30)
        assert [one.remaining for one in admission.standings] == [70] * len(budgets)

    async def test_as_many_owners_hold_a_slot_as_it_has_room_for(self, bench: Bench) -> None:
        slot = Slot("tenant", 2)
        assert await bench.store.hold([slot], "one", 60.0) is None
        assert await bench.store.hold([slot], "two", 60.0) is None
        assert await bench.store.hold([slot], "three", 60.0) == slot
        await bench.store.release([slot], "one")
        assert await bench.store.hold([slot], "three", 60.0) is None

    async def test_one_full_slot_leaves_all_untaken(self, bench: Bench) -> None:
        wide, narrow = Slot("wide", 2), Slot("narrow", 1)
        assert await bench.store.hold([wide, narrow], "one", 60.0) is None
        assert await bench.store.hold([wide, narrow], "two", 60.0) == narrow
        assert await bench.store.hold([wide], "three", 60.0) is None

    async def test_what_an_owner_never_gave_back_is_free_after_its_time(self, bench: Bench) -> None:
        slot = Slot("tenant", 1)
        assert await bench.store.hold([slot], "one", 1.0) is None
        assert await bench.store.hold([slot], "two", 60.0) == slot
        await bench.pass_time(1.0 + bench.tolerance)
        assert await bench.store.hold([slot], "two", 60.0) is None

    async def test_who_holds_nothing_gives_nothing_back(self, bench: Bench) -> None:
        slot = Slot("tenant", 1)
        assert await bench.store.hold([slot], "one", 60.0) is None
        await bench.store.release([slot], "two")
        assert await bench.store.hold([slot], "two", 60.0) == slot

    async def test_a_slot_is_held_once_by_an_owner_who_asks_again(self, bench: Bench) -> None:
        slot = Slot("tenant", 2)
        for _ in range(3):
            assert await bench.store.hold([slot], "one", 60.0) is None
        assert await bench.store.hold([slot], "two", 60.0) is None

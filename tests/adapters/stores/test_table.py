"""The table of counters: its places, its bounds, and what becomes of bytes that nobody wrote."""

import os
import random
from collections.abc import Iterator

import pytest

from sluicegate.adapters.stores.shared import SharedStore
from sluicegate.adapters.stores.table import (
    DIGEST,
    HEADER,
    IN_ROW,
    ROW,
    SLOT,
    SLOTS,
    Table,
    create_memory,
    lay_out,
    unlinked_file,
)
from sluicegate.pipeline.store import Store, Window, at_once

MINUTE = 60.0


class Small:
    """A store with a table of one row, and a clock in the test's hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.memory = create_memory(1)
        self.store = SharedStore(self.memory, lambda: self.now)

    def hit(self, key: str, count: int = 1, seconds: float = MINUTE) -> bool:
        return at_once(self.store.hit([Window(key, count, seconds)])).refused_by is None

    def fill(self) -> list[str]:
        """Fill the row with counters, hit a second after one another."""
        keys = [f"tenant {number}" for number in range(IN_ROW)]
        for key in keys:
            assert self.hit(key)
            self.now += 1.0
        return keys


@pytest.fixture
def small() -> Iterator[Small]:
    made = Small()
    yield made
    os.close(made.memory)


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = create_memory()
    yield descriptor
    os.close(descriptor)


def test_a_table_has_as_many_slots_as_it_was_asked_for_or_a_few_more() -> None:
    sizes = []
    for slots in (1, 9, SLOTS, SLOTS + 1):
        memory = create_memory(slots)
        sizes.append((os.fstat(memory).st_size - HEADER) // SLOT)
        os.close(memory)
    assert sizes == [8, 16, SLOTS, SLOTS + 256 * IN_ROW]


def test_it_takes_memory_only_as_counters_come(memory: int) -> None:
    store = SharedStore(memory)
    before = os.fstat(memory).st_blocks
    at_once(store.hit([Window("tenant", 1, MINUTE)]))
    assert (os.fstat(memory).st_blocks - before) * 512 <= 4096


def test_a_file_of_another_kind_is_refused() -> None:
    memory = unlinked_file()
    with pytest.raises(ValueError, match=f"descriptor {memory} is no table of counters"):
        SharedStore(memory)
    lay_out(memory, 8)
    SharedStore(memory)
    os.ftruncate(memory, HEADER + ROW - 1)
    with pytest.raises(ValueError, match="no table of counters"):
        SharedStore(memory)
    os.close(memory)


def test_where_memory_is_no_file_a_file_without_a_name_serves() -> None:
    memory = lay_out(unlinked_file(), 8)
    assert os.fstat(memory).st_nlink == 0
    one, two = SharedStore(memory, lambda: 0.0), SharedStore(memory, lambda: 0.0)
    assert at_once(one.hit([Window("tenant", 1, MINUTE)])).refused_by is None
    assert at_once(two.hit([Window("tenant", 1, MINUTE)])).refused_by is not None
    os.close(memory)


def test_all_processes_find_a_counter_in_the_same_place_and_another_table_elsewhere(memory: int) -> None:
    other = create_memory()
    one, two, apart = (Table(descriptor).place("tenant", MINUTE) for descriptor in (memory, memory, other))
    assert one == two
    assert one.digest != apart.digest
    os.close(other)


def test_windows_of_one_key_have_one_lock_and_counters_of_their_own(memory: int) -> None:
    table = Table(memory)
    places = {table.place("tenant", seconds) for seconds in (1.0, 60.0, 3600.0)}
    assert len({place.digest for place in places}) == 3
    assert len({place.stripe for place in places}) == 1


def test_a_table_filled_to_a_quarter_drops_next_to_no_counter(memory: int) -> None:
    store = SharedStore(memory, lambda: 0.0)
    for number in range(SLOTS // 8):
        at_once(store.hit([Window(f"tenant {number}", 1, seconds) for seconds in (MINUTE, 3600.0)]))
    # Two to be expected: a row has two counters on average, and nine or more in 2 cases of 10,000.
    print(store.evictions)
    assert store.evictions < 20


def test_in_a_full_row_the_counter_not_hit_for_longest_makes_room(small: Small) -> None:
    first, second, *_ = small.fill()
    assert small.hit(first, 2)
    assert small.store.evictions == 0
    assert small.hit("newcomer")
    assert small.store.evictions == 1
    assert not small.hit("newcomer")
    assert not small.hit(first, 2)
    assert small.hit(second)


def test_a_counter_that_no_longer_weighs_makes_room_before_those_that_do(small: Small) -> None:
    long, *_ = keys = [f"tenant {number}" for number in range(IN_ROW)]
    for key in keys:
        assert small.hit(key, 1, 10.0 if key == keys[-1] else 3600.0)
    small.now = 20.0
    assert small.hit("newcomer")
    assert small.store.evictions == 0
    assert not small.hit(long, 1, 3600.0)


def test_a_hit_does_not_drop_its_own_counters(small: Small) -> None:
    oldest = small.fill()[0]
    windows = [Window("newcomer", 1, MINUTE), Window(oldest, 2, MINUTE)]
    assert at_once(small.store.hit(windows)).refused_by is None
    assert [at_once(small.store.hit([window])).refused_by is None for window in windows] == [False, False]


def test_a_hit_of_more_windows_than_a_row_holds_is_answered(small: Small) -> None:
    windows = [Window("tenant", 1, float(seconds)) for seconds in range(60, 60 + IN_ROW + 2)]
    assert at_once(small.store.hit(windows)).refused_by is None
    assert at_once(small.store.hit(windows)).refused_by is not None


@pytest.mark.parametrize("cut", range(SLOT + 1))
def test_a_slot_cut_while_it_was_written_is_the_old_or_the_new_or_none(small: Small, cut: int) -> None:
    window = Window("tenant", 100, MINUTE)
    at_once(small.store.hit([window], 10))
    table = os.pread(small.memory, ROW, HEADER)
    at = next(at for at in range(0, ROW, SLOT) if any(table[at : at + SLOT]))
    old = table[at : at + SLOT]
    small.now = 3.0
    at_once(small.store.hit([window], 7))
    new = os.pread(small.memory, SLOT, HEADER + at)
    assert old != new
    os.pwrite(small.memory, new[:cut] + old[cut:], HEADER + at)
    remaining = at_once(small.store.hit([window], 1)).standings[0].remaining
    assert remaining == {0: 89, SLOT: 82}.get(cut, remaining)
    assert remaining in (89, 82, 99)


def test_a_digest_that_stands_askew_hides_no_counter_and_is_none(small: Small) -> None:
    assert small.hit("tenant")
    digest = os.pread(small.memory, DIGEST, HEADER)
    os.pwrite(small.memory, bytes(SLOT), HEADER)
    os.pwrite(small.memory, digest, HEADER + 3)
    os.pwrite(small.memory, digest, HEADER + ROW - len(digest))
    assert small.hit("tenant", 2)
    counter = os.pread(small.memory, SLOT, HEADER)
    os.pwrite(small.memory, bytes(3) + digest + bytes(SLOT - 3 - len(digest)) + counter, HEADER)
    assert small.hit("tenant", 2)
    assert not small.hit("tenant", 2)


def test_any_bytes_in_the_table_raise_nothing_and_spoil_no_more_than_their_slots() -> None:
    seed = 11
    print("seed", seed)
    chance = random.Random(seed)
    memory = create_memory(32)
    now = 1e6
    stores: list[Store] = [SharedStore(memory, lambda: now) for _ in range(2)]
    windows = [Window(f"tenant {number}", 3, seconds) for number in range(12) for seconds in (8.0, MINUTE)]
    size = os.fstat(memory).st_size
    refusals = 0
    for _ in range(5000):
        now += chance.uniform(0.0, 0.5)
        if chance.random() < 0.3:
            garbage = chance.randbytes(chance.choice((1, 8, 20, SLOT)))
            os.pwrite(memory, garbage, chance.randrange(HEADER, size - len(garbage) + 1))
        store, asked = chance.choice(stores), chance.sample(windows, chance.randint(1, 3))
        admission = at_once(store.hit(asked))
        refusals += admission.refused_by is not None
        assert all(0 <= one.remaining <= 3 and 0.0 <= one.reset <= 2 * MINUTE for one in admission.standings)
        if chance.random() < 0.2:
            at_once(store.adjust(asked, admission, -1))
    assert 0 < refusals < 5000
    os.close(memory)

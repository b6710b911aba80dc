"""Requests under way, held by several processes together: exact, and free again when a process dies."""

import os
from collections.abc import Iterator

import pytest

from sluicegate.adapters.stores.lanes import Lanes
from sluicegate.adapters.stores.shared import SharedStore
from sluicegate.adapters.stores.table import create_memory
from sluicegate.pipeline.store import Slot, at_once
from tests.adapters.stores.hammer import SLOT, await_ready, process, tell

LONG = 3600


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = create_memory()
    yield descriptor
    os.close(descriptor)


def test_all_processes_together_hold_as_many_places_as_there_are(memory: int) -> None:
    with process("occupy", memory, 80, LONG) as one, process("occupy", memory, 80, LONG) as two:
        children = [one, two]
        for child in children:
            tell(child)
        held = [int(child.stdout.readline()) for child in children if child.stdout is not None]
        assert sum(held) == SLOT.count
        store = SharedStore(memory)
        assert at_once(store.hold([SLOT], "here", LONG)) == SLOT
        tell(one)
        await_ready(one)
        assert at_once(store.hold([SLOT], "here", LONG)) is None
        assert at_once(store.hold([SLOT], "there", LONG)) == SLOT


def test_what_a_process_held_that_was_killed_is_free_at_once(memory: int) -> None:
    store = SharedStore(memory)
    with process("occupy", memory, SLOT.count, LONG) as victim:
        tell(victim)
        assert victim.stdout is not None
        assert int(victim.stdout.readline()) == SLOT.count
        assert at_once(store.hold([SLOT], "here", LONG)) == SLOT
        victim.kill()
        victim.wait()
        assert at_once(store.hold([SLOT], "here", LONG)) is None


def test_what_another_process_never_gives_back_is_free_after_its_time(memory: int) -> None:
    time = [0.0]
    store = SharedStore(memory, lambda: time[0] + 1e9)  # later than the clock of any machine
    with process("occupy", memory, SLOT.count, LONG) as other:
        tell(other)
        assert other.stdout is not None
        assert int(other.stdout.readline()) == SLOT.count
        assert at_once(store.hold([SLOT], "here", LONG)) is None


def test_hits_leave_the_lanes_locked(memory: int) -> None:
    """A hit unlocks its counters by giving back a range of the file, in which the lane must not be."""
    slot = Slot("tenant", 1)
    store = SharedStore(memory)
    assert at_once(store.hold([slot], "here", LONG)) is None
    at_once(store.release([slot], "nobody"))
    with process("occupy", memory, 1, LONG) as other:
        tell(other)
        assert other.stdout is not None
        assert int(other.stdout.readline()) == 1
        assert at_once(store.hold([slot], "there", LONG)) == slot


def test_a_table_has_lanes_for_so_many_processes(memory: int) -> None:
    with process("occupy", memory, 1, LONG), pytest.raises(ValueError, match="1 processes count in this table"):
        Lanes(memory, 1)

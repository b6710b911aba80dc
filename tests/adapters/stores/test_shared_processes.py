"""Shared counters under real processes: exact while they hammer them, and sound while they are killed."""

import os
import random
import time

import pytest

from sluicegate.adapters.stores.shared import SharedStore
from sluicegate.adapters.stores.table import create_memory
from sluicegate.pipeline.store import Standing, at_once
from tests.adapters.stores.hammer import WINDOWS, process, tell

PROCESSES = 4
HITS = 1000


def standings(store: SharedStore) -> tuple[Standing, ...]:
    """Return where the windows stand, by a hit of nothing."""
    return at_once(store.hit(WINDOWS, 0)).standings


def test_all_processes_together_are_admitted_exactly_as_often_as_the_limit_says() -> None:
    """Half of them name the windows in the opposite order: no two wait for each other."""
    memory = create_memory()
    limit = WINDOWS[0].count
    with (
        process("hit", memory, HITS, 0) as one,
        process("hit", memory, HITS, 1) as two,
        process("hit", memory, HITS, 0) as three,
        process("hit", memory, HITS, 1) as four,
    ):
        children = [one, two, three, four]
        for child in children:
            tell(child)
        admitted = [int(child.stdout.readline()) for child in children if child.stdout is not None]
    assert sum(admitted) == limit < PROCESSES * HITS
    assert [one.remaining for one in standings(SharedStore(memory))] == [window.count - limit for window in WINDOWS]
    os.close(memory)


def test_a_process_killed_in_the_middle_of_hits_leaves_no_lock_and_at_most_one_hit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seed = 7
    print("seed", seed)
    pauses = random.Random(seed)
    memory = create_memory()
    store = SharedStore(memory)
    kills = 4
    for _ in range(kills):
        with process("hit_and_refund", memory) as victim, process("hit_and_refund", memory) as other:
            until = time.monotonic() + pauses.uniform(0.0, 0.01)
            while time.monotonic() < until:
                at_once(store.adjust(WINDOWS, at_once(store.hit(WINDOWS)), -1))
            victim.kill()
            other.kill()
    for window, standing in zip(WINDOWS, standings(store), strict=True):
        assert window.count - 2 * kills <= standing.remaining <= window.count
    assert not caplog.records
    os.close(memory)

"""What a store does not take is kept within a bound, and tried a bounded number of times."""

from __future__ import annotations

import logging

import pytest
import trio
from trio.testing import MockClock

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.errors import StoreUnavailable
from sluicegate.pipeline.store import Admission, Window, at_once
from sluicegate.stages.parts.settlements import AT_A_TIME, MAX_OWED, MAX_TRIES, Settlements
from tests.conformance.waiting_store import WaitingStore

WINDOW = Window("tokens", 1_000_000, 60.0)


class Takes(MemoryStore):
    """Takes settlements by size: one of those in ``refused`` never."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.0)
        self.refused: set[int] = set()
        self.taken: list[int] = []

    async def adjust(self, windows: object, admission: Admission, change: object) -> None:
        (amount,) = change  # type: ignore[misc]  # always one window here
        if amount in self.refused:
            raise StoreUnavailable("away")
        self.taken.append(amount)


@pytest.fixture
def store() -> Takes:
    return Takes()


@pytest.fixture
def owing(store: Takes) -> Settlements:
    return Settlements("limit", store, lambda: 0.0)


def settle(owing: Settlements, amount: int) -> None:
    at_once(owing.adjust((WINDOW,), Admission(()), (amount,)))


def lost(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


def test_what_never_can_be_settled_is_tried_a_few_times_and_then_logged(
    store: Takes, owing: Settlements, caplog: pytest.LogCaptureFixture
) -> None:
    store.refused = {7}
    settle(owing, 7)
    for amount in range(100, 100 + MAX_TRIES):
        assert not lost(caplog)
        settle(owing, amount)
    assert lost(caplog) == [
        "limit: 1 requests could not be settled with what they have used; the last in ['tokens'] by [7]"
    ]
    store.refused = set()
    settle(owing, 1)
    assert 7 not in store.taken


def test_a_few_are_settled_behind_each_that_comes_through(store: Takes, owing: Settlements) -> None:
    store.refused = set(range(20))
    for amount in range(20):
        settle(owing, amount)
    assert store.taken == []
    store.refused = set()
    settle(owing, 100)
    assert store.taken == [100, *range(AT_A_TIME)]
    settle(owing, 101)
    settle(owing, 102)
    assert sorted(store.taken) == [*range(20), 100, 101, 102]


def test_there_is_a_bound_to_what_is_kept_and_the_oldest_go_first(
    store: Takes, owing: Settlements, caplog: pytest.LogCaptureFixture
) -> None:
    store.refused = set(range(MAX_OWED + 3))
    for amount in range(MAX_OWED + 3):
        settle(owing, amount)
    assert len(lost(caplog)) == 2  # the first, the second, and no line for the third
    store.refused = set()
    settle(owing, 1_000_000)
    assert store.taken[1] == 3


async def test_two_who_settle_at_once_do_not_take_the_same_one(autojump_clock: MockClock) -> None:
    inner = Takes()
    inner.refused = {7, 8}
    owing = Settlements("limit", WaitingStore(inner), lambda: 0.0)
    for amount in (7, 8):
        await owing.adjust((WINDOW,), Admission(()), (amount,))
    inner.refused = set()
    async with trio.open_nursery() as nursery:
        for amount in (100, 101, 102):
            nursery.start_soon(owing.adjust, (WINDOW,), Admission(()), (amount,))
    assert sorted(inner.taken) == [7, 8, 100, 101, 102]

"""A store that is away, or slow: what goes on, what is refused, how long it takes, and what is settled later."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.errors import RateLimited, StoreUnavailable
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.life import State
from sluicegate.pipeline.stage import Verdict
from sluicegate.pipeline.store import Slot, Window, at_once
from sluicegate.stages.limit import Limit
from sluicegate.stages.parts.counting import LONGEST
from tests.stages.exchanges import asking
from tests.stages.limiting import FailingStore, finish, key, limit_of, used

CI = key()


@pytest.fixture
def inner() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def store(inner: MemoryStore) -> FailingStore:
    return FailingStore(inner)


def left(inner: MemoryStore, limit: int = 1000) -> int:
    admission = at_once(inner.hit([Window("limit:tokens:{key:ci}", limit, 60.0)], 0))
    return (admission.refused_by or admission.standings[0]).remaining


async def enter(stage: Limit) -> Exchange:
    exchange = asking(caller=CI, max_tokens=100)
    assert stage.judge(exchange) is Verdict.WAIT
    assert await stage.attend(exchange) is Verdict.PASS
    return exchange


async def test_open_goes_on_uncounted_and_says_so_once_a_while(
    autojump_clock: MockClock, store: FailingStore, inner: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.away = {"hit"}
    stage = limit_of(store, {"tokens": ["1000/min"], "on_failure": "open"})
    for _ in range(5):
        exchange = await enter(stage)
        assert (exchange.notes["limit"], exchange.headers) == ("open", [])
        await finish(exchange)
    assert "adjust" not in store.asked
    assert caplog.messages == ["limit: not counted for now: store 'redis' does not answer"]
    await trio.sleep(10.0)
    await enter(stage)
    assert len(caplog.messages) == 2
    store.away = set()
    assert "limit" not in (await enter(stage)).notes
    assert left(inner) < 1000


async def test_closed_refuses(autojump_clock: MockClock, store: FailingStore) -> None:
    store.away = {"hit"}
    stage = limit_of(store, {"tokens": ["1000/min"], "on_failure": "closed"})
    with pytest.raises(StoreUnavailable) as refusal:
        await enter(stage)
    assert (refusal.value.status, refusal.value.code) == (503, "store_unavailable")


@pytest.mark.parametrize("closed", [False, True])
async def test_without_a_setting_it_is_as_the_store_says(
    autojump_clock: MockClock, store: FailingStore, closed: bool
) -> None:
    store.away = {"hit"}
    stage = limit_of(store, {"tokens": ["1000/min"]}, closed_stores=frozenset({"memory"} if closed else ()))
    if not closed:
        await enter(stage)
        return
    with pytest.raises(StoreUnavailable):
        await enter(stage)


@pytest.mark.parametrize("policy", ["open", "closed"])
async def test_a_store_that_hangs_is_not_waited_for_longer_than_its_patience(
    autojump_clock: MockClock, store: FailingStore, policy: str
) -> None:
    store.hang = 3600.0
    stage = limit_of(store, {"tokens": ["1000/min"], "on_failure": policy})
    begun = trio.current_time()
    if policy == "open":
        await enter(stage)
    else:
        with pytest.raises(StoreUnavailable, match="within 2 s"):
            await enter(stage)
    assert trio.current_time() - begun == LONGEST


async def test_a_place_that_may_be_held_is_released_though_the_windows_failed(
    autojump_clock: MockClock, store: FailingStore, inner: MemoryStore
) -> None:
    store.away = {"hit"}
    for policy in ("open", "closed"):
        stage = limit_of(store, {"tokens": ["1000/min"], "concurrency": 1, "on_failure": policy})
        exchange = asking(caller=CI, max_tokens=100)
        try:
            await stage.attend(exchange)
        except StoreUnavailable:
            assert policy == "closed"
        await finish(exchange, State.FAILED)
        slot = Slot("limit:concurrency:{key:ci}", 1)
        assert at_once(inner.hold([slot], "probe", 1.0)) is None
        at_once(inner.release([slot], "probe"))


async def test_what_could_not_be_settled_is_settled_behind_the_next_that_can_be(
    autojump_clock: MockClock, store: FailingStore, inner: MemoryStore
) -> None:
    stage = limit_of(store, {"tokens": ["1000/min"]})
    first, second, third = [await enter(stage) for _ in range(3)]
    store.away = {"adjust"}
    for exchange in (first, second):
        used(exchange, 5)
        await finish(exchange)
    assert left(inner) < 700
    store.away = set()
    used(third, 5)
    await finish(third)
    assert left(inner) == 1000 - 3 * 5


async def test_a_request_that_is_given_up_while_it_is_counted_is_settled(
    autojump_clock: MockClock, store: FailingStore, inner: MemoryStore
) -> None:
    """What the store was asked for is seen through, so that it is known what to give back."""
    store.hang = 0.5
    stage = limit_of(store, {"tokens": ["1000/min"], "concurrency": 1})
    exchange = asking(caller=CI, max_tokens=100)
    with trio.move_on_after(0.6) as scope:
        await stage.attend(exchange)
        await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught
    assert left(inner) < 900
    store.hang = 0.0
    await finish(exchange, State.CANCELLED)
    assert left(inner) == 1000
    assert at_once(inner.hold([Slot("limit:concurrency:{key:ci}", 1)], "probe", 1.0)) is None


async def test_a_refusal_stands_though_its_places_cannot_be_released(
    autojump_clock: MockClock, store: FailingStore
) -> None:
    store.away = {"release"}
    stage = limit_of(store, {"tokens": ["150/min"], "concurrency": 5, "on_failure": "open"})
    await enter(stage)
    with pytest.raises(RateLimited):
        await enter(stage)

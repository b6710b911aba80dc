"""Requests under way at once: exact, and every place is given back, however a request ends."""

from __future__ import annotations

from random import Random

import pytest
import trio
from trio.testing import MockClock

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.caller import Caller, Subject
from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.life import State
from sluicegate.pipeline.reply import Reply
from sluicegate.pipeline.store import Slot, at_once
from sluicegate.testing import SpyOutlet, chat, gateway_of, judging, waiting
from tests.conformance.waiting_store import WaitingStore
from tests.stages.exchanges import end
from tests.stages.limiting import admitted, key, limit_of, refusal_of

CI = key(concurrency=2)
SLOT = "limit:concurrency:{key:ci}"


def free(store: MemoryStore, count: int, name: str = SLOT) -> int:
    """How many more places there are."""
    slot = Slot(name, count)
    taken = [
        f"probe {number}" for number in range(count) if at_once(store.hold([slot], f"probe {number}", 1.0)) is None
    ]
    for one in taken:
        at_once(store.release([slot], one))
    return len(taken)


async def test_as_many_as_may_be_at_once_are_and_the_next_is_told_so(mock_clock: MockClock) -> None:
    stage = limit_of(MemoryStore(), {"concurrency": 100})
    first = admitted(stage, CI)
    admitted(stage, CI)
    refusal, _ = refusal_of(stage, CI)
    assert refusal.message == "key 'ci' has its 2 requests under way, as many as may be at once"
    assert (refusal.status, refusal.code, refusal.retry_after) == (429, "concurrency_limit_exceeded", 1.0)
    end(first)
    admitted(stage, CI)


@pytest.mark.parametrize("outcome", [State.OK, State.FAILED, State.CANCELLED])
async def test_however_a_request_ends_its_place_is_free(mock_clock: MockClock, outcome: State) -> None:
    store = MemoryStore()
    stage = limit_of(store, {})
    end(admitted(stage, CI), outcome, error=UpstreamError("x") if outcome is State.FAILED else None)
    assert free(store, 2) == 2


async def test_a_full_slot_counts_in_no_window_and_a_full_window_holds_no_slot(mock_clock: MockClock) -> None:
    store = MemoryStore()
    stage = limit_of(store, {"requests": ["3/min"]})
    first, second = admitted(stage, CI), admitted(stage, CI)
    refusal_of(stage, CI)
    end(first)
    third = admitted(stage, CI)
    end(second)
    end(third)
    refusal, _ = refusal_of(stage, CI)
    assert refusal.code == "rate_limit_exceeded"
    assert free(store, 2) == 2


async def test_key_user_and_team_hold_a_place_each_or_none(mock_clock: MockClock) -> None:
    store = MemoryStore()
    team = Subject("team", "t", "red")
    stage = limit_of(store, {"concurrency": 5, "team": {"concurrency": 1}})
    admitted(stage, key("a", team=team))
    refusal, _ = refusal_of(stage, key("b", team=team))
    assert refusal.message.startswith("team 'red' has its 1 requests under way")
    assert free(store, 5, "limit:concurrency:{key:b}") == 5


async def test_a_place_whose_process_died_is_free_after_the_deadline(autojump_clock: MockClock) -> None:
    stage = limit_of(MemoryStore(), {})
    admitted(stage, key(concurrency=1))
    refusal_of(stage, key(concurrency=1))
    await trio.sleep(600.0)
    admitted(stage, key(concurrency=1))


@pytest.mark.parametrize("waits", [False, True])
async def test_a_storm_of_cancellations_leaks_no_place_and_never_exceeds_the_limit(
    autojump_clock: MockClock, waits: bool
) -> None:
    seed = 20261125
    print("seed", seed)
    random = Random(seed)
    inner = MemoryStore()
    store = WaitingStore(inner, delay=0.003) if waits else inner
    stage = limit_of(store, {"requests": ["100000/s"], "concurrency": 5})
    caller: Caller = key()
    under_way, most, codes = 0, 0, set()

    async def work(exchange: Exchange) -> Reply:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            await trio.sleep(random.uniform(0.0, 0.02))
        finally:
            under_way -= 1
        return Reply(body=b"{}")

    def arrive(exchange: Exchange) -> None:
        exchange.caller = caller

    async with (
        gateway_of(judging(arrive), stage, waiting(work, name="work"), max_in_flight=1000) as gateway,
        trio.open_nursery() as nursery,
    ):

        async def ask() -> None:
            await trio.sleep(random.uniform(0.0, 1.0))
            exchange = gateway.exchange(chat())
            with trio.move_on_after(random.choice([0.001, 0.004, 0.008, 0.02, 10.0])):
                await gateway.serve(exchange, SpyOutlet())
            if exchange.error is not None:
                codes.add(exchange.error.code)

        for _ in range(600):
            nursery.start_soon(ask)
    assert most == 5
    assert "concurrency_limit_exceeded" in codes
    assert free(inner, 5) == 5


def test_a_stage_without_any_limit_holds_nothing() -> None:
    store = MemoryStore()
    exchange = admitted(limit_of(store, {}), key())
    assert exchange.on_settle == []

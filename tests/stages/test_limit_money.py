"""Limits of cost, and budgets: reserved at the price of the plan, and settled with what was paid."""

from __future__ import annotations

import math

import pytest
import trio

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.caller import Budget, Caller, Subject
from sluicegate.pipeline.config.kinds import NANOS
from sluicegate.pipeline.config.model_settings import ModelSettings
from sluicegate.pipeline.errors import GatewayError, RateLimited, StoreUnavailable, UpstreamError
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.life import State
from sluicegate.pipeline.pricing import FREE, Price, Rates
from sluicegate.pipeline.stage import Verdict
from sluicegate.pipeline.store import Store, Window, at_once
from sluicegate.stages.limit import Limit
from sluicegate.stages.parts.expected import expected
from tests.conformance.waiting_store import WaitingStore
from tests.stages.exchanges import answer, asking, attempt, end, provider
from tests.stages.limiting import MICRO, NOON, TARGET, Hand, Spent, admitted, finish, key, limit_of, refusal_of, used

DOLLAR = NANOS
CI = key()
DAY = "budget:{key:ci}:2026-09-24"


def budgeted(nanos: int, *periods: str) -> Caller:
    budgets = tuple(Budget(nanos, period) for period in periods)  # type: ignore[arg-type]  # as the test names them
    return key(budgets=budgets)


async def enter(stage: Limit, caller: Caller, **fields: object) -> Exchange:
    """Ask for leave, as a gateway does. Raises what the stage raises."""
    exchange = asking(caller=caller, **fields)  # type: ignore[arg-type]
    if stage.judge(exchange) is Verdict.WAIT:
        assert await stage.attend(exchange) is Verdict.PASS
    return exchange


def spent_of(store: Store, key: str, amount: int) -> int:
    """What a budget's counter says, which must have begun."""
    admission = at_once(store.hit([Window(key, amount, math.inf, seeded=True)], 0))
    return amount - admission.standings[0].remaining


def price_of(**fields: object) -> int:
    """What a request is expected to cost."""
    usage = expected(asking(**fields).request)  # type: ignore[arg-type]
    assert usage is not None
    return MICRO.cost(usage)


async def test_a_budget_begins_with_what_the_ledger_knows_and_asks_it_once() -> None:
    ledger, store = Spent(3 * DOLLAR), MemoryStore()
    stage = limit_of(store, {"budgets": {"day": "$5"}}, ledger=ledger)
    exchange = asking(caller=CI, max_tokens=100)
    assert stage.judge(exchange) is Verdict.WAIT
    assert await stage.attend(exchange) is Verdict.PASS
    assert ledger.asked == [("key", "ci", NOON - 12 * 3600)]
    assert spent_of(store, DAY, 5 * DOLLAR) > 3 * DOLLAR
    used(exchange, 1000)
    await finish(exchange)
    assert spent_of(store, DAY, 5 * DOLLAR) == 3 * DOLLAR + 1_000_000
    assert stage.judge(asking(caller=CI, max_tokens=100)) is Verdict.PASS
    assert len(ledger.asked) == 1


async def test_a_spent_budget_refuses_says_whose_it_is_and_when_the_next_begins() -> None:
    stage = limit_of(MemoryStore(), {"budgets": {"day": "$5"}}, ledger=Spent(5 * DOLLAR))
    with pytest.raises(RateLimited) as refusal:
        await enter(stage, CI)
    assert refusal.value.message == (
        "key 'ci' has spent its budget of $5 for 2026-09-24; the next one begins at 2026-09-25T00:00:00Z"
    )
    assert (refusal.value.status, refusal.value.code, refusal.value.type) == (
        429,
        "budget_exceeded",
        "insufficient_quota",
    )
    assert refusal.value.retry_after == 12 * 3600.0


async def test_a_budget_for_good_has_no_time_to_try_again() -> None:
    stage = limit_of(MemoryStore(), {"team": {"budgets": {"total": "$2.50"}}}, ledger=Spent(9 * DOLLAR))
    with pytest.raises(RateLimited) as refusal:
        await enter(stage, key(team=Subject("team", "t", "red")))
    assert refusal.value.message == "team 'red' has spent its budget of $2.5"
    assert refusal.value.retry_after is None


async def test_a_request_that_may_cost_more_than_is_left_is_refused() -> None:
    stage = limit_of(MemoryStore(), {"budgets": {"month": "$1"}}, ledger=Spent(DOLLAR - 50_000_000))
    with pytest.raises(RateLimited) as refusal:
        await enter(stage, CI, max_tokens=100_000)
    assert refusal.value.message.startswith(
        "key 'ci' has $0.05 left of its budget of $1 for 2026-09, and this request may"
    )
    assert refusal.value.message.endswith("the next one begins at 2026-10-01T00:00:00Z")
    await enter(stage, CI, max_tokens=10)


async def test_the_next_day_is_another_budget() -> None:
    wall, ledger = Hand(NOON), Spent(5 * DOLLAR)
    stage = limit_of(MemoryStore(), {"budgets": {"day": "$5"}}, ledger=ledger, wall=wall)
    with pytest.raises(RateLimited):
        await enter(stage, CI)
    wall.now, ledger.nanos = NOON + 12 * 3600, 0
    await enter(stage, CI)
    assert ledger.asked[-1] == ("key", "ci", NOON + 12 * 3600)


async def test_a_keys_own_budget_goes_before_the_general_one_of_the_same_period() -> None:
    stage = limit_of(MemoryStore(), {"budgets": {"day": "$5", "total": "$7"}}, ledger=Spent(6 * DOLLAR))
    await enter(stage, budgeted(10 * DOLLAR, "day"))
    poorer = limit_of(MemoryStore(), {"budgets": {"day": "$5", "total": "$7"}}, ledger=Spent(8 * DOLLAR))
    with pytest.raises(RateLimited, match=r"its budget of \$7"):
        await enter(poorer, budgeted(10 * DOLLAR, "day"))


@pytest.mark.parametrize("waits", [False, True])
async def test_of_500_requests_at_once_a_budget_for_100_lets_100_through(
    autojump_clock: trio.testing.MockClock, waits: bool
) -> None:
    """Each of them reserves, and uses, as much as the other."""
    inner = MemoryStore()
    store: Store = WaitingStore(inner, delay=0.01) if waits else inner
    ledger = Spent(0, wait=0.2)
    cost = price_of(max_tokens=100)
    stage = limit_of(store, {}, ledger=ledger)
    caller = budgeted(100 * cost, "day")
    through, refused = [], []

    async def ask() -> None:
        try:
            exchange = await enter(stage, caller, max_tokens=100)
        except RateLimited as error:
            refused.append(error.code)
            return
        through.append(exchange)
        await trio.sleep(0.05)
        used(exchange, cost // 1000)
        await finish(exchange)

    async with trio.open_nursery() as nursery:
        for _ in range(500):
            nursery.start_soon(ask)
    assert (len(through), refused) == (100, ["budget_exceeded"] * 400)
    assert len(ledger.asked) == 1
    assert spent_of(inner, DAY, 100 * cost) == 100 * cost


async def test_what_was_reserved_beyond_what_was_paid_is_there_for_the_next() -> None:
    stage = limit_of(MemoryStore(), {"budgets": {"day": "$1"}}, ledger=Spent())
    exchange = await enter(stage, CI, max_tokens=900_000)
    with pytest.raises(RateLimited):
        await enter(stage, CI, max_tokens=900_000)
    used(exchange, 10)
    end(exchange)
    await enter(stage, CI, max_tokens=900_000)


@pytest.mark.parametrize(
    ("cost", "left"),
    [(10_000_000, 990_000_000), (0, DOLLAR), (None, DOLLAR), (2 * DOLLAR, 0)],
    ids=["paid", "free", "unknown", "beyond"],
)
async def test_what_was_paid_is_what_counts_in_the_end(cost: int | None, left: int) -> None:
    store = MemoryStore()
    stage = limit_of(store, {"budgets": {"day": "$1"}}, ledger=Spent())
    exchange = await enter(stage, CI)
    made = used(exchange, 10)
    made.cost = cost
    end(exchange)
    window = Window(DAY, DOLLAR, math.inf, seeded=True)
    admission = at_once(store.hit([window], 0))
    assert (admission.refused_by or admission.standings[0]).remaining == left


async def test_failed_calls_that_cost_are_paid_and_an_answer_from_the_cache_is_not() -> None:
    store = MemoryStore()
    stage = limit_of(store, {"budgets": {"day": "$1"}}, ledger=Spent())
    exchange = await enter(stage, CI)
    used(exchange, 40, error=UpstreamError("cut"))
    end(exchange, State.FAILED, error=UpstreamError("cut"))
    assert spent_of(store, DAY, DOLLAR) == 40_000
    hit = await enter(stage, CI)
    hit.notes["cache"] = "hit"
    answer(hit)
    end(hit)
    assert spent_of(store, DAY, DOLLAR) == 40_000


async def test_a_model_whose_price_nobody_knows_is_neither_held_up_nor_counted() -> None:
    store = MemoryStore()
    stage = limit_of(store, {"budgets": {"day": "$5"}, "cost": ["$1/h"]}, ledger=Spent(9 * DOLLAR))
    with pytest.raises(RateLimited):
        await enter(stage, CI)
    unknown = admitted(stage, CI, model="openai/nobody-knows")
    attempt(unknown, TARGET, ended=1.0)
    end(unknown)
    assert stage.judge(asking(caller=CI, model="no-such-model")) is Verdict.PASS


async def test_a_free_model_is_not_held_up_by_a_spent_budget() -> None:
    prices = {"gpt_4o": MICRO, "free": FREE, "nothing": Price(Rates(input=0, output=0))}
    stage = limit_of(MemoryStore(), {"budgets": {"day": "$5"}}, ledger=Spent(9 * DOLLAR), prices=prices)
    with pytest.raises(RateLimited):
        await enter(stage, CI)
    admitted(stage, CI, model="openai/free")
    admitted(stage, CI, model="openai/nothing")


async def test_the_dearest_target_of_the_plan_is_reserved_for() -> None:
    dear = Price(Rates(input=10**9, output=10**12))
    models = {"smart": ModelSettings(targets=("openai/gpt-4o", "openai/dear", "openai/unknown"))}
    stage = limit_of(
        MemoryStore(), {"cost": ["$1/h"]}, models=models, prices={"gpt_4o": MICRO, "dear": dear}, wall=Hand(NOON)
    )
    refusal, _ = refusal_of(stage, CI, model="smart", max_tokens=2000)
    assert refusal.code == "request_exceeds_limit"
    assert "this request may take $2.0000" in refusal.message
    assert "key 'ci' may use $1 per hour" in refusal.message
    admitted(stage, CI, model="openai/gpt-4o", max_tokens=2000)


async def test_a_limit_of_cost_slides() -> None:
    clock = Hand()
    stage = limit_of(MemoryStore(clock), {"cost": ["$1/h"]})
    exchange = admitted(stage, CI)
    used(exchange, 10, cost=DOLLAR)
    end(exchange)
    refusal, _ = refusal_of(stage, CI)
    assert refusal.message.startswith("key 'ci' has used its $1 per hour; try again in 1 h")
    clock.now = 7200.0
    admitted(stage, CI)


async def test_what_cannot_be_foreseen_is_refused_once_nothing_is_left() -> None:
    by_the_second = Price(Rates(seconds=10**12))
    stage = limit_of(MemoryStore(), {"budgets": {"day": "$1"}}, ledger=Spent(), prices={"gpt_4o": by_the_second})
    exchange = await enter(stage, CI)
    used(exchange, 0, cost=3 * DOLLAR)
    end(exchange)
    refusal, _ = refusal_of(stage, CI)
    assert refusal.code == "budget_exceeded"


@pytest.mark.parametrize("error", [StoreUnavailable("the database is away"), GatewayError("disk full")])
async def test_a_ledger_that_does_not_answer_is_a_store_that_is_away(error: GatewayError) -> None:
    closed = limit_of(MemoryStore(), {"budgets": {"day": "$1"}, "on_failure": "closed"}, ledger=Spent(error))
    with pytest.raises(StoreUnavailable) as told:
        await enter(closed, CI)
    assert (told.value.status, error.message in told.value.message) == (503, True)
    going_on = limit_of(MemoryStore(), {"budgets": {"day": "$1"}}, ledger=Spent(error))
    exchange = await enter(going_on, CI)
    assert exchange.notes["limit"] == "open"


async def test_a_budget_whose_store_has_forgotten_it_is_seeded_anew() -> None:
    store, ledger = MemoryStore(max_counters=1), Spent(DOLLAR)
    stage = limit_of(store, {"budgets": {"day": "$5"}}, ledger=ledger)
    await enter(stage, CI)
    await enter(stage, key("other"))
    await enter(stage, CI)
    assert [asked[1] for asked in ledger.asked] == ["ci", "other", "ci"]


def test_providers_that_are_not_in_use_have_no_price() -> None:
    stage = limit_of(MemoryStore(), {"cost": ["$1/h"]}, providers={"other": provider("other")})
    admitted(stage, CI, max_tokens=10**7)

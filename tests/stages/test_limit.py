"""Limits on requests, at exact times."""

import os

import pytest
import trio
from trio.testing import MockClock

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.adapters.stores.shared import SharedStore
from sluicegate.adapters.stores.table import create_memory
from sluicegate.pipeline.caller import ANONYMOUS, Allowance, Caller, Subject
from sluicegate.pipeline.config.kinds import Rate
from sluicegate.pipeline.errors import (
    DeadlineExceeded,
    GatewayError,
    InvalidRequest,
    NotFound,
    RateLimited,
    UpstreamBusy,
    UpstreamError,
    UpstreamTimeout,
)
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.life import State
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict
from sluicegate.stages.limit import Limit, LimitSettings
from tests.conformance.waiting_store import WaitingStore
from tests.stages.exchanges import answer, asking, attempt, end, looking


def limited(name: str, requests: tuple[tuple[int, float], ...]) -> Caller:
    return Caller(tenant=name, key_name=name, subjects=(Subject("key", name, name, Allowance(requests=requests)),))


CI = Caller(tenant="ci", key_name="ci")


class Hand:
    """A clock in the test's hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


def limit(clock: Hand, *rates: Rate) -> Limit:
    return Limit(LimitSettings(requests=rates), Resources(stores={"memory": MemoryStore(clock)}))


def refusal_of(stage: Limit, exchange: Exchange) -> RateLimited:
    with pytest.raises(RateLimited) as refusal:
        stage.judge(exchange)
    return refusal.value


def admitted(stage: Limit, caller: Caller = CI) -> Exchange:
    exchange = asking(caller=caller)
    assert stage.judge(exchange) is Verdict.PASS
    return exchange


def test_workers_that_share_a_store_admit_together_what_one_would(clock: Hand) -> None:
    memory = create_memory()
    one, two = (
        Limit(LimitSettings(requests=(Rate(2, 60.0),)), Resources(stores={"memory": SharedStore(memory, clock)}))
        for _ in range(2)
    )
    admitted(one)
    failed = admitted(two)
    assert refusal_of(one, asking(caller=CI)).retry_after == 90.0
    end(failed, State.FAILED, error=UpstreamError("no"))
    admitted(one)
    refusal_of(two, asking(caller=CI))
    os.close(memory)


def test_without_limits_all_pass_and_nothing_is_told(clock: Hand) -> None:
    exchange = admitted(limit(clock))
    assert exchange.headers == []
    assert exchange.on_settle == []


def test_the_request_after_the_last_of_a_window_is_429(clock: Hand) -> None:
    stage = limit(clock, Rate(60, 60.0))
    for _ in range(60):
        admitted(stage)
    # The sixty of this minute weigh 59 one second into the next.
    clock.now = 49.0
    exchange = asking(caller=CI)
    refusal = refusal_of(stage, exchange)
    assert (refusal.status, refusal.code) == (429, "rate_limit_exceeded")
    assert refusal.retry_after == 12.0
    assert refusal.message == "key 'ci' has used its 60 requests per minute; try again in 12 s"
    assert exchange.headers == [
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "1m11s"),
    ]
    clock.now = 61.0
    admitted(stage)


def test_each_reply_tells_what_is_left(clock: Hand) -> None:
    stage = limit(clock, Rate(10, 60.0))
    clock.now = 30.0
    admitted(stage)
    assert admitted(stage).headers == [
        ("x-ratelimit-limit-requests", "10"),
        ("x-ratelimit-remaining-requests", "8"),
        ("x-ratelimit-reset-requests", "1m30s"),
    ]


def test_of_several_windows_the_tightest_is_told(clock: Hand) -> None:
    stage = limit(clock, Rate(3, 3600.0), Rate(2, 60.0))
    assert dict(admitted(stage).headers)["x-ratelimit-limit-requests"] == "2"
    clock.now = 120.0
    headers = dict(admitted(stage).headers)
    # One is left of each: of the hour's three and of the minute's two. The hour takes longer to be whole again.
    assert headers["x-ratelimit-limit-requests"] == "3"
    assert headers["x-ratelimit-remaining-requests"] == "1"
    clock.now = 240.0
    admitted(stage)
    refusal = refusal_of(stage, asking(caller=CI))
    assert refusal.message.startswith("key 'ci' has used its 3 requests per hour; try again in 1 h ")


def test_tenants_are_counted_apart(clock: Hand) -> None:
    stage = limit(clock, Rate(1, 60.0))
    admitted(stage)
    admitted(stage, Caller(tenant="other", key_name="other"))
    refusal_of(stage, asking(caller=CI))


def test_callers_without_a_key_share_one_count(clock: Hand) -> None:
    stage = limit(clock, Rate(1, 1.0))
    admitted(stage, ANONYMOUS)
    refusal = refusal_of(stage, asking())
    assert refusal.message == "callers without a key have used their 1 requests per second; try again in 2 s"


def test_a_keys_own_limits_take_the_place_of_the_general_ones(clock: Hand) -> None:
    stage = limit(clock, Rate(1, 60.0))
    own = limited("vip", ((2, 30.0),))
    admitted(stage, own)
    admitted(stage, own)
    assert "its 2 requests per 30 s" in refusal_of(stage, asking(caller=own)).message


def test_a_key_may_have_no_limit_at_all(clock: Hand) -> None:
    stage = limit(clock, Rate(1, 60.0))
    for _ in range(5):
        admitted(stage, limited("vip", ()))


def test_a_key_has_its_limit_where_there_is_no_general_one(clock: Hand) -> None:
    stage = limit(clock)
    own = limited("ci", ((1, 60.0),))
    admitted(stage, own)
    refusal_of(stage, asking(caller=own))


@pytest.mark.parametrize("operation", ["models", "model"])
def test_looking_at_models_counts_like_all_else(clock: Hand, operation: str) -> None:
    stage = limit(clock, Rate(1, 60.0))
    assert stage.judge(looking(operation, "m", caller=CI)) is Verdict.PASS
    refusal_of(stage, asking(caller=CI))


@pytest.mark.parametrize(
    "error",
    [
        NotFound("no such model", code="model_not_found"),
        UpstreamError("the provider answered 500"),
        DeadlineExceeded("too long"),
    ],
)
def test_what_fails_with_nothing_delivered_is_given_back(clock: Hand, error: GatewayError) -> None:
    stage = limit(clock, Rate(1, 60.0), Rate(1, 3600.0))
    for _ in range(3):
        end(admitted(stage), State.FAILED, error=error)
    admitted(stage)
    refusal_of(stage, asking(caller=CI))


def test_an_answer_counts(clock: Hand) -> None:
    stage = limit(clock, Rate(1, 60.0))
    exchange = admitted(stage)
    answer(exchange)
    end(exchange)
    refusal_of(stage, asking(caller=CI))


def test_an_answer_from_the_cache_counts(clock: Hand) -> None:
    stage = limit(clock, Rate(1, 60.0))
    exchange = admitted(stage)
    exchange.notes["cache"] = "hit"
    answer(exchange)
    end(exchange)
    refusal_of(stage, asking(caller=CI))


def test_a_stream_that_fails_after_its_first_content_counts(clock: Hand) -> None:
    stage = limit(clock, Rate(1, 60.0))
    exchange = admitted(stage)
    exchange.first_content = 1.0
    end(exchange, State.FAILED, error=UpstreamError("cut"))
    refusal_of(stage, asking(caller=CI))


def test_a_client_that_leaves_has_used_its_request(clock: Hand) -> None:
    stage = limit(clock, Rate(1, 60.0))
    end(admitted(stage), State.CANCELLED)
    refusal_of(stage, asking(caller=CI))


def test_a_refund_goes_back_to_the_window_of_its_time(clock: Hand) -> None:
    stage = limit(clock, Rate(2, 60.0))
    early = admitted(stage)
    clock.now = 60.0
    admitted(stage)
    end(early, State.FAILED, error=UpstreamError("failed"), at=60.0)
    # Nothing weighs from the minute before any more, so that the second of this one has room.
    admitted(stage)
    refusal_of(stage, asking(caller=CI))


async def test_a_store_that_waits_is_waited_for(autojump_clock: MockClock) -> None:
    store = WaitingStore(MemoryStore(), delay=0.5)
    stage = Limit(LimitSettings(requests=(Rate(1, 60.0),)), Resources(stores={"memory": store}))
    exchange = asking(caller=CI)
    assert stage.judge(exchange) is Verdict.WAIT
    assert await stage.attend(exchange) is Verdict.PASS
    assert trio.current_time() == 0.5
    with pytest.raises(RateLimited):
        await stage.attend(asking(caller=CI))
    exchange.fail(UpstreamError("failed"))
    for state in (State.REPLYING, State.SENDING):
        exchange.enter(state)
    exchange.end(State.FAILED, 2.0)
    refund = exchange.on_settle.pop()(exchange)
    assert refund is not None
    await refund
    assert trio.current_time() == 1.5
    assert await stage.attend(asking(caller=CI)) is Verdict.PASS


def test_with_no_limits_a_store_that_waits_is_not_asked() -> None:
    stage = Limit(LimitSettings(), Resources(stores={"memory": WaitingStore(MemoryStore())}))
    assert stage.judge(asking()) is Verdict.PASS


CALLED = Target("openai", "gpt-4o")


@pytest.mark.parametrize(
    "error",
    [InvalidRequest("bad"), InvalidRequest("bad", status=422), NotFound("none"), DeadlineExceeded("too long")],
)
def test_what_cost_a_provider_a_call_for_nothing_of_its_fault_counts(clock: Hand, error: GatewayError) -> None:
    stage = limit(clock, Rate(1, 60.0))
    exchange = admitted(stage)
    attempt(exchange, CALLED, error=error)
    end(exchange, State.FAILED, error=error)
    refusal_of(stage, asking(caller=CI))


@pytest.mark.parametrize("error", [UpstreamError("500"), UpstreamBusy("429"), UpstreamTimeout("silent")])
def test_what_fails_by_a_providers_fault_is_given_back_after_a_call(clock: Hand, error: GatewayError) -> None:
    stage = limit(clock, Rate(1, 60.0))
    exchange = admitted(stage)
    attempt(exchange, CALLED, error=error)
    end(exchange, State.FAILED, error=error)
    admitted(stage)

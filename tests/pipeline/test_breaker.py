"""Every transition of the breaker, at exact times."""

import math

import pytest

from sluicegate.pipeline.breaker import Breaker, BreakerState, Ticket
from sluicegate.pipeline.config.sections import BreakerSettings
from sluicegate.pipeline.errors import (
    GatewayError,
    InvalidRequest,
    StageCrashed,
    UpstreamBusy,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
)

FAULT = UpstreamError("the provider answered 500")


@pytest.fixture
def breaker() -> Breaker:
    return Breaker(BreakerSettings(failures=3, recovery=30.0))


def admitted(breaker: Breaker, now: float) -> Ticket:
    ticket = breaker.admit(now)
    assert ticket is not None
    return ticket


def fail(breaker: Breaker, now: float, times: int = 1, error: GatewayError = FAULT) -> None:
    for _ in range(times):
        breaker.failed(admitted(breaker, now), error, now)


def test_a_new_breaker_is_closed(breaker: Breaker) -> None:
    assert breaker.state(0.0) is BreakerState.CLOSED
    assert breaker.retry_after(0.0) == 0.0
    assert breaker.failures == 0
    assert breaker.admit(0.0) is not None


def test_the_defaults_open_at_the_fifth_fault_in_a_row_for_thirty_seconds() -> None:
    breaker = Breaker(BreakerSettings())
    fail(breaker, 10.0, times=4)
    assert breaker.state(10.0) is BreakerState.CLOSED
    fail(breaker, 10.0)
    assert breaker.state(10.0) is BreakerState.OPEN
    assert breaker.retry_after(10.0) == 30.0


def test_it_opens_at_the_limit_and_not_before(breaker: Breaker) -> None:
    fail(breaker, 5.0, times=2)
    assert breaker.state(5.0) is BreakerState.CLOSED
    assert breaker.failures == 2
    fail(breaker, 6.0)
    assert breaker.state(6.0) is BreakerState.OPEN
    assert breaker.failures == 3
    assert breaker.admit(6.0) is None


def test_a_success_in_between_starts_the_count_again(breaker: Breaker) -> None:
    fail(breaker, 0.0, times=2)
    breaker.succeeded(admitted(breaker, 1.0), 1.0)
    assert breaker.failures == 0
    fail(breaker, 2.0, times=2)
    assert breaker.state(2.0) is BreakerState.CLOSED


def test_open_ends_exactly_when_the_recovery_time_is_over(breaker: Breaker) -> None:
    fail(breaker, 100.0, times=3)
    just_before = math.nextafter(130.0, 0.0)
    assert breaker.state(just_before) is BreakerState.OPEN
    assert breaker.admit(just_before) is None
    assert breaker.retry_after(112.5) == 17.5
    assert breaker.state(130.0) is BreakerState.HALF_OPEN
    assert breaker.retry_after(130.0) == 0.0
    assert breaker.admit(130.0) is not None


def test_half_open_lets_one_call_through_at_a_time(breaker: Breaker) -> None:
    fail(breaker, 0.0, times=3)
    assert breaker.admit(30.0) is not None
    assert breaker.admit(30.0) is None
    assert breaker.admit(300.0) is None
    assert breaker.state(300.0) is BreakerState.HALF_OPEN


def test_a_probe_that_succeeds_closes_it(breaker: Breaker) -> None:
    fail(breaker, 0.0, times=3)
    breaker.succeeded(admitted(breaker, 30.0), 30.0)
    assert breaker.state(30.0) is BreakerState.CLOSED
    assert breaker.failures == 0
    fail(breaker, 31.0, times=2)
    assert breaker.state(31.0) is BreakerState.CLOSED


def test_a_probe_that_fails_opens_it_again_for_the_whole_recovery_time(breaker: Breaker) -> None:
    fail(breaker, 0.0, times=3)
    probe = admitted(breaker, 30.0)
    breaker.failed(probe, FAULT, 42.0)
    assert breaker.state(42.0) is BreakerState.OPEN
    assert breaker.retry_after(42.0) == 30.0
    assert breaker.admit(math.nextafter(72.0, 0.0)) is None
    assert breaker.admit(72.0) is not None


def test_a_probe_that_is_abandoned_leaves_its_place_to_the_next(breaker: Breaker) -> None:
    fail(breaker, 0.0, times=3)
    breaker.abandoned(admitted(breaker, 30.0))
    assert breaker.state(30.0) is BreakerState.HALF_OPEN
    assert breaker.admit(30.0) is not None


@pytest.mark.parametrize(
    "error",
    [InvalidRequest("the request is wrong"), UpstreamBusy("asks for patience"), StageCrashed("our own bug")],
    ids=["client", "capacity", "gateway"],
)
def test_only_faults_of_the_target_count(breaker: Breaker, error: GatewayError) -> None:
    fail(breaker, 0.0, times=2)
    fail(breaker, 0.0, times=10, error=error)
    assert breaker.failures == 2
    assert breaker.state(0.0) is BreakerState.CLOSED


@pytest.mark.parametrize("error", [UpstreamTimeout("silent for 30 s"), UpstreamRefused("the gateway's key is bad")])
def test_every_kind_of_fault_of_the_target_counts(breaker: Breaker, error: GatewayError) -> None:
    fail(breaker, 0.0, times=3, error=error)
    assert breaker.state(0.0) is BreakerState.OPEN


def test_a_probe_that_meets_the_callers_fault_leaves_its_place_to_the_next(breaker: Breaker) -> None:
    fail(breaker, 0.0, times=3)
    breaker.failed(admitted(breaker, 30.0), InvalidRequest("the request is wrong"), 31.0)
    assert breaker.state(31.0) is BreakerState.HALF_OPEN
    assert breaker.admit(31.0) is not None


def test_an_older_call_that_succeeds_late_does_not_close_an_open_breaker(breaker: Breaker) -> None:
    old = admitted(breaker, 0.0)
    fail(breaker, 1.0, times=3)
    breaker.succeeded(old, 1.0)
    assert breaker.state(1.0) is BreakerState.OPEN
    assert breaker.failures == 3


def test_an_older_call_that_fails_late_does_not_keep_it_open_for_longer(breaker: Breaker) -> None:
    old = admitted(breaker, 0.0)
    fail(breaker, 1.0, times=3)
    breaker.failed(old, FAULT, 20.0)
    assert breaker.retry_after(20.0) == 11.0
    assert breaker.failures == 3


@pytest.mark.parametrize("ending", ["succeeded", "failed", "abandoned"])
def test_an_older_call_that_ends_during_the_probe_does_not_take_its_place(breaker: Breaker, ending: str) -> None:
    old = admitted(breaker, 0.0)
    fail(breaker, 1.0, times=3)
    probe = admitted(breaker, 31.0)
    if ending == "succeeded":
        breaker.succeeded(old, 32.0)
    elif ending == "failed":
        breaker.failed(old, FAULT, 32.0)
    else:
        breaker.abandoned(old)
    assert breaker.state(32.0) is BreakerState.HALF_OPEN
    assert breaker.admit(32.0) is None
    breaker.succeeded(probe, 32.0)
    assert breaker.state(32.0) is BreakerState.CLOSED


def test_an_older_call_that_ends_after_the_breaker_closed_again_does_not_count(breaker: Breaker) -> None:
    old = [admitted(breaker, 0.0) for _ in range(6)]
    for ticket in old[:3]:
        breaker.failed(ticket, FAULT, 1.0)
    breaker.succeeded(admitted(breaker, 31.0), 31.0)
    for ticket in old[3:]:
        breaker.failed(ticket, FAULT, 32.0)
    assert breaker.state(32.0) is BreakerState.CLOSED
    assert breaker.failures == 0


def test_abandoned_after_an_outcome_has_no_effect(breaker: Breaker) -> None:
    fail(breaker, 0.0, times=3)
    probe = admitted(breaker, 30.0)
    breaker.failed(probe, FAULT, 30.0)
    second = admitted(breaker, 60.0)
    breaker.abandoned(probe)
    assert breaker.admit(60.0) is None
    breaker.succeeded(second, 60.0)
    breaker.abandoned(second)
    assert breaker.state(60.0) is BreakerState.CLOSED
    assert breaker.admit(60.0) is not None


def test_calls_side_by_side_count_in_the_order_in_which_they_end(breaker: Breaker) -> None:
    first, second, third = (admitted(breaker, 0.0) for _ in range(3))
    breaker.failed(first, FAULT, 1.0)
    breaker.succeeded(second, 1.5)
    breaker.failed(third, FAULT, 2.0)
    assert breaker.failures == 1


def test_a_share_of_faults_opens_it_once_there_are_enough_calls() -> None:
    breaker = Breaker(BreakerSettings(failures=100, failure_rate=0.5, window=60.0, minimum_calls=10))
    for at in range(4):
        fail(breaker, float(at))
        breaker.succeeded(admitted(breaker, float(at)), float(at))
    fail(breaker, 5.0)
    assert breaker.state(5.0) is BreakerState.CLOSED  # five of nine
    fail(breaker, 6.0)
    assert breaker.state(6.0) is BreakerState.OPEN  # six of ten


def test_faults_that_are_older_than_the_window_do_not_count() -> None:
    breaker = Breaker(BreakerSettings(failures=100, failure_rate=0.5, window=60.0, minimum_calls=4))
    fail(breaker, 0.0, times=3)
    for at in (70.0, 71.0, 72.0):
        breaker.succeeded(admitted(breaker, at), at)
    fail(breaker, 73.0)
    assert breaker.state(73.0) is BreakerState.CLOSED  # one of four
    fail(breaker, 74.0, times=2)
    assert breaker.state(74.0) is BreakerState.OPEN  # three of six


def test_without_a_share_no_number_of_scattered_faults_opens_it() -> None:
    breaker = Breaker(BreakerSettings(failures=3))
    for at in range(1000):
        fail(breaker, float(at), times=2)
        breaker.succeeded(admitted(breaker, float(at)), float(at))
    assert breaker.state(1000.0) is BreakerState.CLOSED


def test_as_many_probes_as_are_set_have_to_go_well() -> None:
    breaker = Breaker(BreakerSettings(failures=1, recovery=30.0, half_open_calls=3))
    fail(breaker, 0.0)
    probes = [admitted(breaker, 30.0) for _ in range(3)]
    assert breaker.admit(30.0) is None
    breaker.succeeded(probes[0], 31.0)
    assert breaker.admit(31.0) is None  # three are enough, and two are under way
    breaker.abandoned(probes[1])
    again = admitted(breaker, 31.0)
    breaker.succeeded(probes[2], 32.0)
    assert breaker.state(32.0) is BreakerState.HALF_OPEN
    breaker.succeeded(again, 33.0)
    assert breaker.state(33.0) is BreakerState.CLOSED
    assert breaker.failures == 0


def test_one_probe_that_fails_opens_it_again_and_the_others_count_no_more() -> None:
    breaker = Breaker(BreakerSettings(failures=1, recovery=30.0, half_open_calls=2))
    fail(breaker, 0.0)
    one, other = admitted(breaker, 30.0), admitted(breaker, 30.0)
    breaker.failed(one, FAULT, 31.0)
    breaker.succeeded(other, 32.0)
    assert breaker.state(32.0) is BreakerState.OPEN
    assert breaker.retry_after(32.0) == 29.0

import itertools

import pytest

from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.life import IllegalTransition, State
from sluicegate.pipeline.request import Request
from sluicegate.testing import exchange_of

ROWS = {
    State.QUEUED: "JUDGED WAITING REPLYING CANCELLED",
    State.JUDGED: "JUDGED WAITING REPLYING CANCELLED",
    State.WAITING: "JUDGED WAITING REPLYING CANCELLED",
    State.REPLYING: "REPLYING SENDING CANCELLED",
    State.SENDING: "OK FAILED CANCELLED",
    State.OK: "SETTLED",
    State.FAILED: "SETTLED",
    State.CANCELLED: "SETTLED",
    State.SETTLED: "",
}
ALLOWED = {(before, State[name]) for before, names in ROWS.items() for name in names.split()}
FORBIDDEN = sorted(set(itertools.product(State, State)) - ALLOWED)


def standing_at(state):
    exchange = Exchange(Request("chat"), deadline=1.0, started=0.0)
    exchange.state = state
    return exchange


def test_table_of_this_test_has_a_row_for_every_state():
    assert set(ROWS) == set(State)


@pytest.mark.parametrize(("before", "after"), sorted(ALLOWED))
def test_row_of_the_table_leads_on(before, after):
    exchange = standing_at(before)
    exchange.enter(after)
    assert exchange.state is after


@pytest.mark.parametrize(("before", "after"), FORBIDDEN)
def test_what_the_table_does_not_name_raises(before, after):
    exchange = standing_at(before)
    with pytest.raises(IllegalTransition, match=f"from {before.name} to {after.name}$"):
        exchange.enter(after)
    assert exchange.state is before


async def test_outcome_is_set_exactly_once(autojump_clock):
    exchange = exchange_of()
    exchange.end(State.CANCELLED, 1.5)
    for again in (State.OK, State.FAILED, State.CANCELLED):
        with pytest.raises(IllegalTransition):
            exchange.end(again, 2.0)
    assert (exchange.outcome, exchange.ended) == (State.CANCELLED, 1.5)


async def test_exchange_cannot_end_well_before_it_was_sent(autojump_clock):
    exchange = exchange_of()
    with pytest.raises(IllegalTransition):
        exchange.end(State.OK, 0.0)
    assert exchange.outcome is None

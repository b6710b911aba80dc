"""Pauses and budgets of repetitions."""

from random import Random

import pytest

from sluicegate.pipeline.retry import LONGEST, RetryBudget, backoff


class Highest(Random):
    """Draws the end of every interval."""

    def uniform(self, a: float, b: float) -> float:
        assert a == 0.0
        return b


@pytest.mark.parametrize(
    ("attempt", "longest"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, LONGEST), (500, LONGEST)]
)
def test_the_interval_doubles_up_to_its_limit(attempt, longest):
    assert backoff(attempt, 0.5, Highest()) == longest


def test_jitter_takes_the_whole_interval():
    random = Random(7)
    drawn = [backoff(1, 4.0, random) for _ in range(1000)]
    assert all(0.0 <= pause <= 4.0 for pause in drawn)
    assert min(drawn) < 0.1
    assert max(drawn) > 3.9
    assert 1.8 < sum(drawn) / len(drawn) < 2.2


def test_the_same_seed_gives_the_same_pauses():
    first, second = Random(3), Random(3)
    assert [backoff(n, 1.0, first) for n in range(1, 6)] == [backoff(n, 1.0, second) for n in range(1, 6)]


def test_no_delay_is_no_pause():
    assert backoff(3, 0.0, Random(1)) == 0.0


def withdrawn(budget: RetryBudget, now: float) -> int:
    count = 0
    while budget.withdraw(now):
        count += 1
    return count


def test_the_reserve_serves_a_quiet_gateway():
    assert withdrawn(RetryBudget(0.2), 0.0) == 10


def test_each_call_adds_its_share():
    budget = RetryBudget(0.25, refill=0.0)
    withdrawn(budget, 0.0)
    for _ in range(8):
        budget.deposit(0.0)
    assert withdrawn(budget, 0.0) == 2


def test_time_fills_the_reserve_again_and_no_further():
    budget = RetryBudget(0.2)
    withdrawn(budget, 100.0)
    assert not budget.withdraw(100.5)
    assert withdrawn(budget, 103.0) == 3
    assert withdrawn(budget, 1000.0) == 10


def test_calls_fill_no_further_than_the_reserve():
    budget = RetryBudget(1.0, reserve=3.0)
    for _ in range(100):
        budget.deposit(0.0)
    assert withdrawn(budget, 0.0) == 3


def test_a_share_of_nothing_gives_nothing_ever():
    budget = RetryBudget(0.0)
    budget.deposit(1e6)
    assert not budget.withdraw(2e6)

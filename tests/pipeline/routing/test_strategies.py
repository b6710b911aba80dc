"""Each strategy against the distribution that it promises. Chance is seeded: see moments.SEED."""

from collections import Counter
from random import Random

import pytest

from sluicegate.pipeline.routing.members import Member
from sluicegate.pipeline.routing.observed import Observed
from sluicegate.pipeline.routing.quota import Quota
from sluicegate.pipeline.routing.strategies import (
    EXPLORED,
    STRATEGIES,
    ab_test,
    cheapest,
    cycle,
    least_used,
    lowest_latency,
    prefix,
    round_robin,
    usage,
    weighted,
)

from .moments import members, moment, target

MANY = 100_000


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_order_has_all_members_once(name):
    for count in (1, 2, 5):
        order = STRATEGIES[name]("group", members(*range(1, count + 1)), moment(sticky="key"))
        assert sorted(order) == list(range(count))


@pytest.mark.parametrize("name", ["single", "fallback", "conditional"])
def test_those_without_a_choice_keep_the_order_of_the_list(name):
    assert STRATEGIES[name]("group", members(1, 9, 5), moment()) == [0, 1, 2]


def test_weights_are_the_shares_of_first_places():
    one = moment()
    firsts = Counter(weighted("group", members(5, 3, 2), one)[0] for _ in range(MANY))
    assert [firsts[at] / MANY for at in range(3)] == pytest.approx([0.5, 0.3, 0.2], abs=0.01)


def test_weights_hold_among_the_rest_as_well():
    one = moment()
    orders = [weighted("group", members(5, 3, 2), one) for _ in range(MANY)]
    seconds = Counter(order[1] for order in orders if order[0] == 0)
    assert seconds[1] / sum(seconds.values()) == pytest.approx(3 / 5, abs=0.01)


def test_a_rotation_gives_each_its_turns_exactly():
    one = moment()
    firsts = [round_robin("group", members(1, 1, 1), one)[0] for _ in range(9)]
    assert firsts == [0, 1, 2] * 3


def test_a_rotation_spreads_weights_evenly():
    assert cycle((5, 1, 1)) == [0, 0, 1, 0, 2, 0, 0]
    assert cycle((10, 20)) == [1, 0, 1]


def test_the_least_used_comes_first_and_more_weight_takes_more():
    observed = Observed()
    for name, busy in (("a", 4), ("b", 3), ("c", 5)):
        for _ in range(busy):
            observed.begun(target(name))
    assert least_used("group", members(1, 1, 1), moment(observed)) == [1, 0, 2]
    assert least_used("group", members(1, 1, 5), moment(observed)) == [2, 1, 0]


def test_equals_of_the_least_used_are_first_equally_often():
    one = moment()
    firsts = Counter(least_used("group", members(1, 1, 1, 1), one)[0] for _ in range(20_000))
    assert [firsts[at] / 20_000 for at in range(4)] == pytest.approx([0.25] * 4, abs=0.02)


def observed_waiting(**times: float) -> Observed:
    observed = Observed()
    for name, seconds in times.items():
        seen = observed.begun(target(name))
        seen.first_token.add(seconds, 0.0)
        seen.in_flight -= 1
    return observed


def test_the_fastest_wins_all_of_its_pairs_and_the_slowest_none():
    one = moment(observed_waiting(a=0.3, b=0.1, c=0.2))
    firsts = Counter(lowest_latency("group", members(1, 1, 1), one)[0] for _ in range(MANY))
    explored = EXPLORED / 3
    # Of the three pairs that chance picks, b is in two, and c beats a in the third.
    shares = [explored, (1 - EXPLORED) * 2 / 3 + explored, (1 - EXPLORED) / 3 + explored]
    assert [firsts[at] / MANY for at in range(3)] == pytest.approx(shares, abs=0.01)


def test_of_two_the_slower_one_is_tried_only_to_learn():
    one = moment(observed_waiting(a=0.5, b=0.1))
    firsts = Counter(lowest_latency("group", members(1, 1), one)[0] for _ in range(MANY))
    assert firsts[0] / MANY == pytest.approx(EXPLORED / 2, abs=0.003)


def test_one_of_which_nothing_is_known_goes_first():
    assert lowest_latency("group", members(1, 1, 1), moment(observed_waiting(a=0.1, c=0.2)))[0] == 1


def test_calls_under_way_make_a_fast_one_slower():
    observed = observed_waiting(a=0.1, b=0.25)
    for _ in range(3):
        observed.begun(target("a"))
    assert lowest_latency("group", members(1, 1), moment(observed, random=Random(1)))[0] == 1


def test_the_cheapest_comes_first_and_the_unknown_last():
    prices = {"a": 300, "b": None, "c": 100, "d": 200}
    order = cheapest("group", members(1, 1, 1, 1), moment(price=lambda one: prices[one.provider]))
    assert order == [2, 3, 0, 1]


def test_shares_of_a_test_are_exact_to_a_hundredth_and_the_same_user_stays():
    three = members(70, 20, 10)
    firsts = Counter(ab_test("group", three, moment(sticky=f"user-{at}"))[0] for at in range(MANY))
    assert [firsts[at] / MANY for at in range(3)] == pytest.approx([0.7, 0.2, 0.1], abs=0.01)
    for user in ("ann", "bob", "eve"):
        assert len({ab_test("group", three, moment(sticky=user))[0] for _ in range(20)}) == 1


def test_two_tests_divide_the_same_users_otherwise():
    halves = members(1, 1)
    users = [f"user-{at}" for at in range(10_000)]
    both = sum(
        ab_test("one", halves, moment(sticky=user))[0] == ab_test("two", halves, moment(sticky=user))[0]
        for user in users
    )
    assert both / len(users) == pytest.approx(0.5, abs=0.02)


def test_without_a_user_shares_come_by_chance():
    one = moment()
    firsts = Counter(ab_test("group", members(3, 1), one)[0] for _ in range(MANY))
    assert firsts[0] / MANY == pytest.approx(0.75, abs=0.01)


def test_a_prompt_stays_where_it_was_and_prompts_are_spread_by_weight():
    three = members(5, 3, 2)
    firsts = Counter(prefix("group", three, moment(sticky=f"prompt-{at}"))[0] for at in range(20_000))
    assert [firsts[at] / 20_000 for at in range(3)] == pytest.approx([0.5, 0.3, 0.2], abs=0.02)
    assert len({prefix("group", three, moment(sticky="same"))[0] for _ in range(20)}) == 1


def test_one_that_is_gone_moves_only_its_own_prompts():
    four = members(1, 1, 1, 1)
    for at in range(2000):
        before = four[prefix("group", four, moment(sticky=f"prompt-{at}"))[0]]
        after = four[:3][prefix("group", four[:3], moment(sticky=f"prompt-{at}"))[0]]
        assert after == before or before == four[3]


def test_no_member_gets_more_than_its_bound_of_one_prompt():
    observed = Observed()
    three = members(1, 1, 1)
    for _ in range(300):
        first = prefix("group", three, moment(observed, sticky="the one prompt of everybody"))[0]
        observed.begun(three[first].targets[0])
    busy = [seen.in_flight if (seen := observed.of(one.targets[0])) else 0 for one in three]
    assert max(busy) <= 126  # a quarter above the third, rounded up
    assert sum(busy) == 300


def test_the_one_with_most_of_its_quota_left_comes_first():
    observed = Observed()
    for name, share in (("a", 0.1), ("b", 0.9), ("c", 0.5)):
        observed.begun(target(name)).quota = Quota(share, 60.0)
    three = members(1, 1, 1)
    assert usage("group", three, moment(observed, now=1.0)) == [1, 2, 0]
    assert {usage("group", three, moment(observed, now=60.0, random=Random(at)))[0] for at in range(50)} == {0, 1, 2}


def test_a_group_among_the_members_is_as_good_as_the_best_of_its_targets():
    observed = observed_waiting(a=0.5, b=0.1, c=0.3)
    inner = Member("inner", 1, (target("a"), target("b")))
    outer = Member("c", 1, (target("c"),))
    firsts = Counter(
        lowest_latency("group", [outer, inner], moment(observed, random=Random(at)))[0] for at in range(99)
    )
    assert firsts[1] > 90

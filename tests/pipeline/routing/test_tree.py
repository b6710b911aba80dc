from typing import Any

import pytest

from sluicegate.pipeline.config.convert import convert
from sluicegate.pipeline.config.model_settings import ModelSettings
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.routing.growing import entry_of, grow, leaves
from sluicegate.pipeline.routing.observed import Observed
from sluicegate.pipeline.routing.tree import Group, NoRoute

from .moments import moment

PROVIDERS = ("a", "b", "c")


def models(**entries: Any) -> dict[str, ModelSettings]:
    return {name: convert(ModelSettings, values) for name, values in entries.items()}


def target_of(name: str) -> Target | None:
    provider, _, model = name.partition("/")
    return Target(provider, model) if provider in PROVIDERS else None


def order(group: Group, facts: dict[str, Any] | None = None, observed: Observed | None = None) -> list[str]:
    given = facts or {}
    return [str(one) for one in group.targets(moment(observed), lambda condition: condition.holds(given.__getitem__))]


def test_an_entry_may_lead_to_another_whose_order_then_stands_in_its_place():
    made = models(outer={"targets": ["a/x", "inner", "b/y"]}, inner={"targets": ["b/x", "c/x"]})
    group = grow("outer", made, target_of)
    assert order(group) == ["a/x", "b/x", "c/x", "b/y"]
    assert group.fixed


def test_a_target_that_is_led_to_twice_is_tried_once():
    made = models(outer={"targets": ["a/x", "inner", "b/x"]}, inner={"targets": ["b/x", "a/x"]})
    assert order(grow("outer", made, target_of)) == ["a/x", "b/x"]


def test_the_star_of_a_name_is_the_same_in_its_targets():
    made = models(**{"claude-*": {"targets": ["a/claude-*", "big-*"]}, "big-*": {"targets": ["b/*"]}})
    assert entry_of("claude-opus", made) == ("claude-*", "opus")
    assert order(grow("claude-*", made, target_of, "opus")) == ["a/claude-opus", "b/opus"]


def test_a_name_without_a_star_goes_before_and_longer_names_with_one_before_shorter():
    made = models(**{"*": {"targets": ["a/*"]}, "gpt-*": {"targets": ["b/*"]}, "gpt-4": {"targets": ["c/x"]}})
    assert entry_of("gpt-4", made) == ("gpt-4", "")
    assert entry_of("gpt-5", made) == ("gpt-*", "5")
    assert entry_of("o3", made) == ("*", "o3")
    assert entry_of("gpt-", made) == ("*", "gpt-")


def test_conditions_leave_targets_out_and_the_first_that_is_left_leads():
    entry = {
        "strategy": "conditional",
        "targets": [
            {"to": "a/long", "when": "request.tokens > 1000"},
            {"to": "b/short", "when": "request.tokens < 10"},
            "c/x",
        ],
    }
    group = grow("m", models(m=entry), target_of)
    assert not group.fixed
    assert order(group, {"request.tokens": 5000}) == ["a/long", "c/x"]
    assert order(group, {"request.tokens": 5}) == ["b/short", "c/x"]


def test_a_request_that_no_target_is_for_is_told_so():
    entry = {"strategy": "conditional", "targets": [{"to": "a/x", "when": "request.tokens > 1000"}]}
    with pytest.raises(NoRoute, match="no target of model 'm'"):
        order(grow("m", models(m=entry), target_of), {"request.tokens": 5})


def test_a_single_target_is_all_there_is_of_single():
    assert order(grow("m", models(m={"strategy": "single", "targets": ["a/x", "b/x"]}), target_of)) == ["a/x"]


def test_targets_that_fail_too_often_come_last():
    group = grow("m", models(m={"targets": ["a/x", "b/x"], "failover_threshold": 0.5}), target_of)
    observed = Observed()
    seen = observed.begun(Target("a", "x"))
    for _ in range(9):
        seen.ended(well=False, now=0.0)
    assert order(group, observed=observed) == ["b/x", "a/x"]
    for _ in range(20):
        seen.ended(well=True, now=0.0)
    assert order(group, observed=observed) == ["a/x", "b/x"]


def test_providers_that_are_not_in_use_are_no_branches():
    assert [str(one) for one in leaves(grow("m", models(m={"targets": ["gone/x", "b/x"]}), target_of))] == ["b/x"]


def test_what_was_decided_is_told_group_by_group():
    made = models(outer={"strategy": "cheapest", "targets": ["a/x", "inner"]}, inner={"targets": ["b/x"]})
    told: list[dict[str, Any]] = []
    grow("outer", made, target_of).targets(moment(), lambda _: True, told)
    assert [(one["model"], one["strategy"], one["order"]) for one in told] == [
        ("outer", "cheapest", ["a/x", "inner"]),
        ("inner", "fallback", ["b/x"]),
    ]
    assert told[0]["members"][0] == {
        "name": "a/x",
        "weight": 1,
        "in_flight": 0,
        "first_token_ms": None,
        "success": None,
        "quota_left": 1.0,
        "cost_nanos": None,
    }

"""How much to think is told in the words that each model understands."""

import pytest

from sluicegate.pipeline.form.chat import Reasoning, Tool, ToolChoice
from tests.adapters.providers.anthropic.samples import ANCIENT, NEW, OLD, chat, user, written


def asked(reasoning, model, **fields):
    return written(chat(user("a"), reasoning=reasoning, **fields), model)


@pytest.mark.parametrize(
    ("model", "effort", "told"),
    [
        (NEW, "minimal", "low"),
        (NEW, "medium", "medium"),
        (NEW, "xhigh", "xhigh"),
        (NEW, "max", "max"),
        ("claude-opus-4-6", "xhigh", "high"),
        ("claude-opus-4-6", "max", "max"),
        (NEW, "strange", "medium"),
    ],
)
def test_adaptive_models_are_told_an_effort_that_they_know(model, effort, told):
    fields, dropped = asked(Reasoning(enabled=True, effort=effort), model)
    assert fields["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert fields["output_config"] == {"effort": told}
    assert dropped == []


@pytest.mark.parametrize(("budget", "effort"), [(100, "low"), (2048, "low"), (5000, "medium"), (1 << 20, "max")])
def test_adaptive_models_are_told_an_effort_for_a_budget(budget, effort):
    assert asked(Reasoning(budget=budget), NEW)[0]["output_config"] == {"effort": effort}


def test_an_adaptive_model_may_be_told_to_think_and_no_more():
    fields, _ = asked(Reasoning(enabled=True, shown=False), NEW)
    assert fields["thinking"] == {"type": "adaptive", "display": "omitted"}
    assert "output_config" not in fields


@pytest.mark.parametrize(
    ("reasoning", "budget"),
    [
        (Reasoning(effort="minimal"), 1024),
        (Reasoning(effort="high"), 8192),
        (Reasoning(enabled=True), 4096),
        (Reasoning(budget=3000), 3000),
        (Reasoning(budget=10), 1024),
    ],
)
def test_older_models_are_told_a_budget_on_top_of_the_answer(reasoning, budget):
    fields, dropped = asked(reasoning, OLD)
    assert fields["thinking"] == {"type": "enabled", "budget_tokens": budget}
    assert fields["max_tokens"] == 16_384 + budget
    assert dropped == []


@pytest.mark.parametrize(("limit", "budget"), [(20_000, 8192), (8193, 8192), (8192, 4096), (1500, 1024), (1025, 1024)])
def test_a_budget_stays_below_the_callers_limit(limit, budget):
    fields, _ = asked(Reasoning(effort="high"), OLD, max_tokens=limit)
    assert (fields["max_tokens"], fields["thinking"]["budget_tokens"]) == (limit, budget)


def test_a_limit_that_leaves_no_room_means_no_thinking():
    fields, dropped = asked(Reasoning(effort="high"), OLD, max_tokens=1024)
    assert ("thinking" in fields, dropped) == (False, ["reasoning_effort"])


def test_a_budget_never_takes_the_answer_beyond_what_the_model_can():
    fields, _ = asked(Reasoning(budget=60_000), OLD)
    assert (fields["max_tokens"], fields["thinking"]["budget_tokens"]) == (64_000, 60_000)
    fields, _ = asked(Reasoning(budget=70_000), OLD)
    assert (fields["max_tokens"], fields["thinking"]["budget_tokens"]) == (64_000, 32_000)


def test_thinking_can_be_forbidden():
    for model in (NEW, OLD):
        assert asked(Reasoning(enabled=False), model)[0]["thinking"] == {"type": "disabled"}


def test_a_model_that_cannot_think_is_not_told_to():
    fields, dropped = asked(Reasoning(effort="high"), ANCIENT)
    assert ("thinking" in fields, dropped) == (False, ["reasoning_effort"])
    assert asked(Reasoning(enabled=False), ANCIENT)[1] == []


def test_nothing_is_said_where_it_is_left_to_the_model():
    for model in (NEW, OLD):
        assert "thinking" not in asked(Reasoning(shown=True), model)[0]


def test_a_forced_call_goes_before_thinking():
    fields, dropped = asked(Reasoning(effort="high"), NEW, tools=(Tool("get"),), choice=ToolChoice("required"))
    assert (fields["tool_choice"], "thinking" in fields, dropped) == ({"type": "any"}, False, ["reasoning_effort"])

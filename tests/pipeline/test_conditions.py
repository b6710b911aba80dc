from pathlib import Path

import pytest

from sluicegate.pipeline.conditions import FACTS, ConditionError, ConditionFailed, compile_condition, markdown

GIVEN = {"request.tokens": 5000, "caller.team": "blue", "request.headers": {"x-tier": "gold"}, "request.text": "secret"}


def holds(text):
    return compile_condition(text).holds(GIVEN.__getitem__)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('request.tokens > 4000 && caller.team == "blue"', True),
        ("request.tokens > 4000 && caller.team == 'red'", False),
        ('request.headers["x-tier"] == "gold"', True),
        ('"x-none" in request.headers', False),
        ('request.text.matches("^s[a-z]+t$")', True),
        ("true", True),
    ],
)
def test_a_condition_says_what_cel_says(text, said):
    assert holds(text) is said


def test_only_the_facts_that_a_condition_names_are_asked_for():
    condition = compile_condition('caller.team == "blue"')
    assert condition.facts == ("caller.team",)
    assert compile_condition("request.tokens > 1 || request.size > 1").facts == ("request.size", "request.tokens")


def test_what_cannot_be_said_of_a_request_is_an_error_and_no_answer():
    with pytest.raises(ConditionFailed, match="Key not found"):
        holds('request.headers["x-none"] == "gold"')


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("request.tokenz > 1", 8, "unknown name 'request.tokenz'"),
        ("request.tokens > 'a'", 16, "no matching overload"),
        ("request.tokens", 1, "of type int"),
        ("request.tokens >", 17, "Syntax error"),
        ("request.text.matches('(')", 22, "invalid regular expression"),
    ],
)
def test_what_is_no_condition_is_told_by_its_place(text, column, message):
    with pytest.raises(ConditionError, match=message) as caught:
        compile_condition(text)
    assert (caught.value.line, caught.value.column) == (1, column)


def test_the_line_is_told_too():
    with pytest.raises(ConditionError) as caught:
        compile_condition("request.tokens > 1\n  && wrong")
    assert (caught.value.line, caught.value.column) == (2, 6)


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_can_be_named(name):
    test = {"bool": "{}", "int": "{} > 1", "string": "{} == 'a'", "google.protobuf.Timestamp": "{}.getHours() > 1"}
    compile_condition(test.get(FACTS[name].type, "size({}) > 0").format(name))


def test_a_hostile_pattern_takes_no_time():
    GIVEN_LONG = {"request.text": "a" * 60_000 + "!"}
    assert not compile_condition('request.text.matches("^(a+)+$")').holds(GIVEN_LONG.__getitem__)


def test_the_published_table_is_current():
    page = Path(__file__).resolve().parents[2] / "docs" / "routing.md"
    assert page.read_text().endswith(markdown())

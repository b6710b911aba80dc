"""Which name was probably meant."""

import pytest

from sluicegate.stages.parts.nearest import MAX_LENGTH, MAX_NAMES, Nearest

NAMES = ["fast", "openai/gpt-4o", "openai/gpt-4o-mini", "anthropic/claude-sonnet", "groq/llama-3.3-70b"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gpt-4o", "openai/gpt-4o"),
        ("openai/gpt-4o-mni", "openai/gpt-4o-mini"),
        ("opnai/gpt4o", "openai/gpt-4o"),
        ("antropic/claude-sonet", "anthropic/claude-sonnet"),
        ("llama-3.3-70b", "groq/llama-3.3-70b"),
        ("fats", "fast"),
        ("fast", "fast"),
    ],
)
def test_a_slip_leads_to_the_name_that_was_meant(name: str, meant: str) -> None:
    assert Nearest(NAMES).find(name) == meant


@pytest.mark.parametrize("name", ["", "x", "zzzzzz", "mistral", "openai/gpt-4o" + "x" * 300])
def test_a_name_like_no_other_leads_nowhere(name: str) -> None:
    assert Nearest(NAMES).find(name) is None


def test_of_very_many_names_only_the_first_are_looked_through() -> None:
    names = [f"model-{number:04}-{'abcdefghij'[number % 10] * 3}" for number in range(MAX_NAMES + 1)]
    assert Nearest(names).find(names[MAX_NAMES - 1]) == names[MAX_NAMES - 1]
    assert Nearest(names).find(names[MAX_NAMES]) != names[MAX_NAMES]


def test_of_a_long_name_only_the_beginning_is_looked_at() -> None:
    known = "a-very-long-name-of-a-model-of-64-characters-or-so-but-no-more-x"
    assert len(known) == MAX_LENGTH
    assert Nearest([known]).find(known + "y" * 1000) == known
    assert Nearest([known]).find("y" * MAX_LENGTH + known) is None

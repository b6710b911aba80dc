"""What patterns match, and what is left where two sides have some."""

import itertools

import pytest

from sluicegate.pipeline.patterns import covers, matches, narrowed


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("a", "a", True),
        ("a", "ab", False),
        ("a*", "a", True),
        ("*", "", True),
        ("a*b*c", "a-b-c", True),
        ("a*b*c", "abbc", True),
        ("a*a", "a", False),
        ("a?c", "abc", False),
    ],
)
def test_only_the_star_has_a_meaning(pattern, name, fits):
    assert matches(pattern, name) is fits


def test_a_pattern_is_covered_only_if_all_that_it_matches_is():
    letters = ["".join(one) for size in range(4) for one in itertools.product("ab*", repeat=size)]
    names = [one for one in letters if "*" not in one]
    for outer, inner in itertools.product(letters, letters):
        if covers([outer], inner):
            assert all(matches(outer, name) for name in names if matches(inner, name)), (outer, inner)
    assert covers(["openai/*"], "openai/gpt-*")
    assert not covers(["openai/gpt-*"], "openai/*")


def test_what_is_left_is_what_both_sides_allow():
    assert narrowed(None, None) is None
    assert narrowed(("a",), None) == narrowed(None, ("a",)) == ("a",)
    assert narrowed(("openai/*", "fast"), ("openai/gpt*", "slow")) == ("openai/gpt*",)
    assert narrowed(("openai/gpt*",), ("openai/*",)) == ("openai/gpt*",)
    assert narrowed(("a*",), ("*b",)) == ()

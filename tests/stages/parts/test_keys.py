"""Which models a key's patterns allow, and what is said of keys that can be guessed."""

import pytest

from sluicegate.pipeline.caller import Caller
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.errors import Forbidden
from sluicegate.stages.auth import AuthSettings
from sluicegate.stages.parts.keys import ApiKey, allows, refuse_unless_allowed


@pytest.mark.parametrize(
    ("pattern", "model"),
    [
        ("x[1]", "x[1]"),
        ("a?", "a?"),
        ("*", ""),
        ("*", "line\nbreak"),
        ("openai/*", "openai/"),
        ("openai/*", "openai/a/b"),
        ("*-mini", "gpt-mini"),
        ("a*b*c", "abc"),
        ("a*b*c", "a-b-b-c"),
        ("a**c", "ac"),
        ("*b*", "abc"),
    ],
)
def test_a_star_stands_for_any_text_and_all_else_for_itself(pattern: str, model: str) -> None:
    assert allows((pattern,), model)


@pytest.mark.parametrize(
    ("pattern", "model"),
    [
        ("x[1]", "x1"),
        ("a?", "ab"),
        ("openai/*", "openai"),
        ("a*a", "a"),
        ("ab*ba", "aba"),
        ("a*b*c", "acb"),
        ("a*b*b*c", "a-b-c"),
        ("*-mini", "gpt-mini-2"),
        ("", "a"),
    ],
)
def test_a_pattern_allows_nothing_else(pattern: str, model: str) -> None:
    assert not allows((pattern,), model)


def test_a_caller_without_a_key_is_refused_as_such() -> None:
    with pytest.raises(Forbidden, match=r"^this caller may not use model 'slow'$"):
        refuse_unless_allowed(Caller(tenant="own", allowed_models=("fast",)), "slow")


def test_short_keys_are_doubted_unless_nobody_asks_for_them() -> None:
    keys = tuple(ApiKey(key=Secret("k" * length), name=f"of-{length}") for length in (15, 16))
    assert list(AuthSettings(api_keys=keys).doubts()) == [
        "API key 'of-15' has 15 characters: one of fewer than 16 can be guessed"
    ]
    assert list(AuthSettings(api_keys=keys, enabled=False).doubts()) == []

"""Two requests have one key only if their answers cannot differ."""

import pytest

from sluicegate.pipeline.caller import Caller
from sluicegate.stages.parts.cache_key import cache_key
from tests.stages.exchanges import asking

TOOL = {"type": "function", "function": {"name": "get", "parameters": {"type": "object"}}}


@pytest.mark.parametrize(
    "field",
    [
        {"model": "openai/gpt-4o-mini"},
        {"messages": [{"role": "user", "content": "Hello!"}]},
        {"messages": [{"role": "system", "content": "Hello"}]},
        {"temperature": 0.5},
        {"top_p": 0.5},
        {"n": 2},
        {"seed": 7},
        {"max_tokens": 5},
        {"max_completion_tokens": 5},
        {"stop": ["x"]},
        {"tools": [TOOL]},
        {"response_format": {"type": "json_object"}},
        {"logit_bias": {"50256": -100}},
        {"reasoning_effort": "low"},
        {"user": "alice"},
        {"service_tier": "flex"},
        {"store": True},
        {"metadata": {"a": "b"}},
        {"stream": True},
        {"a_field_nobody_knows": 1},
    ],
    ids=lambda field: next(iter(field)),
)
def test_every_field_that_may_change_the_answer_changes_the_key(field: dict[str, object]) -> None:
    assert cache_key(asking(**field)) != cache_key(asking())


@pytest.mark.parametrize(
    "field",
    [
        {"prompt_cache_key": "k"},
        {"prompt_cache_retention": "24h"},
        {"safety_identifier": "someone"},
        {"stream": False},
        {"stream": None},
    ],
    ids=str,
)
def test_fields_that_change_no_answer_do_not(field: dict[str, object]) -> None:
    assert cache_key(asking(**field)) == cache_key(asking())


def test_what_a_stream_carries_beside_content_counts() -> None:
    with_usage = asking(stream=True, stream_options={"include_usage": True})
    assert cache_key(with_usage) != cache_key(asking(stream=True))


def test_the_order_of_fields_does_not_count() -> None:
    one = asking(body=b'{"model":"m","messages":[{"role":"user","content":"a"}],"seed":1}')
    two = asking(body=b'{"seed":1,"messages":[{"role":"user","content":"a"}],"model":"m"}')
    assert cache_key(one) == cache_key(two)


def test_where_one_value_ends_and_the_next_begins_counts() -> None:
    one = asking(body=b'{"model":"m","input":"a","x":1,"xx":11}', operation="embedding")
    two = asking(body=b'{"model":"m","input":"a","x":11,"xx":1}', operation="embedding")
    assert cache_key(one) != cache_key(two)


def test_the_spelling_of_a_number_is_not_looked_through() -> None:
    one = asking(body=b'{"model":"m","messages":[{"role":"user","content":"a"}],"temperature":1}')
    two = asking(body=b'{"model":"m","messages":[{"role":"user","content":"a"}],"temperature":1.0}')
    assert cache_key(one) != cache_key(two)


def test_tenant_operation_and_dialect_count() -> None:
    body = b'{"model":"m","prompt":"a","input":"a","messages":[{"role":"user","content":"a"}]}'
    keys = {
        cache_key(asking("chat", body=body)),
        cache_key(asking("completion", body=body)),
        cache_key(asking("embedding", body=body)),
        cache_key(asking("chat", body=body, dialect="anthropic")),
        cache_key(asking("chat", body=body, caller=Caller(tenant="ci"))),
    }
    assert len(keys) == 5


def test_headers_that_choose_a_version_count_and_others_do_not() -> None:
    assert cache_key(asking(headers={"openai-beta": "assistants=v2"})) != cache_key(asking())
    assert cache_key(asking(headers={"anthropic-beta": "x"})) != cache_key(asking(headers={"openai-beta": "x"}))
    assert cache_key(asking(headers={"user-agent": "curl"})) == cache_key(asking())

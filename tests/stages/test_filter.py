from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict
from sluicegate.stages.filter import LARGE, LARGE_WITH_WORDS, Filter, FilterSettings
from sluicegate.stages.validate import read

FUNCTION = {
    "type": "function",
    "function": {"name": "f", "parameters": {"properties": {"city": {"description": "a bad one"}}}},
}


def exchange_of(operation: str, body: bytes) -> Exchange:
    request = Request(operation, body)
    request.fields, request.typed = read(operation, body)
    return Exchange(request, deadline=60.0, started=0.0)


def chat_exchange(*contents: Any, **fields: Any) -> Exchange:
    messages = [{"role": "user", "content": content} for content in contents]
    return exchange_of("chat", json.dumps({"model": "m", "messages": messages, **fields}).encode())


def filter_of(*words: str, length: int = 200_000) -> Filter:
    return Filter(FilterSettings(blocked_words=words, max_input_length=length), Resources())


def refusal_of(stage: Filter, exchange: Exchange) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as refused:
        stage.judge(exchange)
    return refused.value


def test_request_without_texts_passes() -> None:
    exchange = Exchange(Request("models"), deadline=60.0, started=0.0)
    assert filter_of("bad", length=1).judge(exchange) is Verdict.PASS


def test_harmless_request_passes() -> None:
    assert filter_of("bad").judge(chat_exchange("a badge")) is Verdict.PASS


def test_blocked_word_is_refused_with_the_path_and_the_rule() -> None:
    error = refusal_of(filter_of("Bad Word"), chat_exchange("fine", [{"type": "text", "text": "a BAD  word!"}]))
    assert (error.status, error.type, error.code) == (400, "invalid_request_error", "content_filter")
    assert error.param == "messages[1].content[0].text"
    assert error.message == (
        "messages[1].content[0].text: the text holds 'Bad Word', which is blocked here (filter.blocked_words)"
    )


@pytest.mark.parametrize(
    ("operation", "fields", "param"),
    [
        ("chat", {"messages": [{"role": "system", "content": "bad"}]}, "messages[0].content"),
        ("chat", {"messages": [{"role": "tool", "tool_call_id": "c", "content": "bad"}]}, "messages[0].content"),
        ("chat", {"messages": [{"role": "assistant", "refusal": "bad"}]}, "messages[0].refusal"),
        (
            "chat",
            {
                "messages": [
                    {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": '"bad"'}}]}
                ]
            },
            "messages[0].tool_calls[0].function.arguments",
        ),
        ("chat", {"messages": [{"role": "user", "content": "x", "name": "bad"}]}, "messages[0].name"),
        (
            "chat",
            {"messages": [{"role": "user", "content": [{"type": "thinking", "thinking": "bad"}]}]},
            "messages[0].content[0].thinking",
        ),
        (
            "chat",
            {"messages": [{"role": "user", "content": "x"}], "tools": [FUNCTION]},
            "tools[0].function.parameters.properties.city.description",
        ),
        ("chat", {"messages": [{"role": "user", "content": "x"}], "chat_template": "bad"}, "chat_template"),
        ("completion", {"prompt": "bad"}, "prompt"),
        ("completion", {"prompt": ["good", "bad"]}, "prompt[1]"),
        ("completion", {"prompt": "good", "suffix": "bad"}, "suffix"),
        ("embedding", {"input": ["good", "bad"]}, "input[1]"),
    ],
)
def test_every_kind_of_text_is_read(operation: str, fields: dict[str, Any], param: str) -> None:
    exchange = exchange_of(operation, json.dumps({"model": "m", **fields}).encode())
    assert refusal_of(filter_of("bad"), exchange).param == param


def test_length_counts_the_characters_of_all_texts_together() -> None:
    stage = filter_of(length=6)
    assert stage.judge(chat_exchange("äöü", "123")) is Verdict.PASS
    error = refusal_of(stage, chat_exchange("äöü", "1234", "56"))
    assert (error.status, error.code) == (400, "string_above_max_length")
    assert error.param == "messages[1].content"
    assert error.message == (
        "messages[1].content: the texts of this request have 9 characters together, "
        "and at most 6 are allowed (filter.max_input_length)"
    )


def test_default_length_is_two_hundred_thousand_characters() -> None:
    assert FilterSettings().max_input_length == 200_000
    assert FilterSettings().blocked_words == ()


@pytest.mark.parametrize(("words", "limit"), [((), LARGE), (("bad",), LARGE_WITH_WORDS)])
def test_body_of_up_to_the_limit_is_judged_at_once_and_a_larger_one_waits(words: tuple[str, ...], limit: int) -> None:
    stage = filter_of(*words)
    rest = len(chat_exchange("").request.body)
    assert stage.judge(chat_exchange("x" * (limit - rest))) is Verdict.PASS
    assert stage.judge(chat_exchange("x" * (limit - rest + 1))) is Verdict.WAIT


async def test_large_request_is_judged_in_a_thread() -> None:
    stage = filter_of("bad")
    assert await stage.attend(chat_exchange("good " * LARGE_WITH_WORDS)) is Verdict.PASS
    with pytest.raises(InvalidRequest) as refused:
        await stage.attend(chat_exchange("good " * LARGE_WITH_WORDS + "bad"))
    assert (refused.value.code, refused.value.param) == ("content_filter", "messages[0].content")


async def test_large_request_that_is_too_long_is_refused() -> None:
    stage = filter_of(length=LARGE)
    with pytest.raises(InvalidRequest) as refused:
        await stage.attend(chat_exchange("x" * (LARGE + 1)))
    assert refused.value.code == "string_above_max_length"


async def test_cancelled_exchange_does_not_wait_for_its_thread() -> None:
    exchange = chat_exchange("x" * LARGE)
    before = bytes(exchange.request.fields["messages"])
    with trio.CancelScope() as scope:
        scope.cancel()
        await filter_of("bad").attend(exchange)
    assert scope.cancelled_caught
    assert bytes(exchange.request.fields["messages"]) == before


DUPLICATE = b'{"model": "m", "messages": [{"role": "user", "content": "bad", "content": "good", "x": 1.0e2}]}'
SINGLE = b'[{"role":"user","content":"good","x":1.0e2}]'


def test_text_behind_a_duplicate_name_does_not_go_on() -> None:
    exchange = exchange_of("chat", DUPLICATE)
    assert filter_of("bad").judge(exchange) is Verdict.PASS
    assert bytes(exchange.request.fields["messages"]) == SINGLE


async def test_text_behind_a_duplicate_name_does_not_go_on_from_a_thread_either() -> None:
    exchange = exchange_of("chat", DUPLICATE)
    assert await filter_of("bad").attend(exchange) is Verdict.PASS
    assert bytes(exchange.request.fields["messages"]) == SINGLE


def test_duplicate_names_in_a_prediction_do_not_go_on() -> None:
    exchange = chat_exchange("hi")
    body = exchange.request.body[:-1] + b', "prediction": {"type": "content", "content": "bad", "content": "good"}}'
    exchange = exchange_of("chat", body)
    assert filter_of("bad").judge(exchange) is Verdict.PASS
    assert bytes(exchange.request.fields["prediction"]) == b'{"type":"content","content":"good"}'


def test_nesting_too_deep_to_parse_is_refused() -> None:
    exchange = chat_exchange("hi")
    exchange.request.fields["messages"] = msgspec.Raw(b"[" * 100_000 + b"]" * 100_000)
    error = refusal_of(filter_of(), exchange)
    assert (error.status, error.code) == (400, "invalid_json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4), JSON)
def test_what_passes_keeps_its_value(contents: list[str], extra: Any) -> None:
    messages = [{"role": "user", "content": content, "extra": extra} for content in contents]
    body = json.dumps({"model": "m", "messages": messages, "extra": extra}).encode()
    exchange = exchange_of("chat", body)
    assert filter_of("bad").judge(exchange) is Verdict.PASS
    assert json.loads(msgspec.json.encode(exchange.request.fields)) == json.loads(body)


@given(st.text(max_size=30), st.sampled_from(["bad", "Straße", "two words"]), st.text(max_size=30))
def test_listed_word_is_refused_in_any_surroundings(before: str, word: str, after: str) -> None:
    error = refusal_of(filter_of("bad", "Straße", "two words"), chat_exchange(f"{before} {word.upper()}, {after}"))
    assert error.code == "content_filter"


@pytest.mark.parametrize("name", ["tools", "response_format", "own"])
def test_duplicate_names_in_whatever_holds_texts_do_not_go_on(name: str) -> None:
    value = {
        "tools": '[{"type":"function","function":{"name":"f","description":"bad","description":"good"}}]',
        "response_format": '{"type":"json_schema","json_schema":{"description":"bad","description":"good"}}',
        "own": '{"description":"bad","description":"good"}',
    }[name]
    body = chat_exchange("hi").request.body[:-1] + f', "{name}": {value}}}'.encode()
    exchange = exchange_of("chat", body)
    assert filter_of("bad").judge(exchange) is Verdict.PASS
    assert bytes(exchange.request.fields[name]) == value.replace('"description":"bad",', "").encode()


def test_length_counts_tools_and_foreign_fields() -> None:
    stage = filter_of(length=100)
    assert stage.judge(chat_exchange("hi")) is Verdict.PASS
    for fields in (
        {"tools": [{"type": "function", "function": {"name": "f", "description": "x" * 100}}]},
        {"own": "x" * 101},
    ):
        assert refusal_of(stage, chat_exchange("hi", **fields)).code == "string_above_max_length"


def test_integer_of_five_thousand_digits_in_a_foreign_part_is_refused() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":[{"type":"zz","x":' + b"5" * 5000 + b"}]}]}"
    error = refusal_of(filter_of(), exchange_of("chat", body))
    assert (error.status, error.code) == (400, "invalid_json")
    assert "out of range" in error.message


def test_fractions_keep_their_spelling() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"hi","x":[1.50,1E2,1e400]}]}'
    exchange = exchange_of("chat", body)
    assert filter_of().judge(exchange) is Verdict.PASS
    assert bytes(exchange.request.fields["messages"]).endswith(b'"x":[1.50,1E2,1e400]}]')


@pytest.mark.parametrize(
    ("operation", "fields", "param"),
    [
        ("image", {"prompt": "bad"}, "prompt"),
        ("speech", {"input": "fine", "voice": "v", "instructions": "bad"}, "instructions"),
        ("moderation", {"input": [{"type": "text", "text": "bad"}]}, "input[0].text"),
        ("rerank", {"query": "q", "documents": ["fine", {"text": "bad"}]}, "documents[1].text"),
        ("rerank", {"query": "q", "documents": [{"text": "fine", "title": "bad"}]}, "documents[0].title"),
    ],
)
def test_what_is_drawn_said_judged_or_ranked_is_read_too(operation: str, fields: dict[str, Any], param: str) -> None:
    exchange = exchange_of(operation, json.dumps({"model": "m", **fields}).encode())
    assert refusal_of(filter_of("bad"), exchange).param == param


def test_of_two_texts_of_one_document_the_one_that_was_read_goes_on() -> None:
    body = b'{"model":"m","query":"q","documents":[{"text":"bad","text":"fine"}]}'
    exchange = exchange_of("rerank", body)
    assert filter_of("bad").judge(exchange) is Verdict.PASS
    assert bytes(exchange.request.fields["documents"]) == b'[{"text":"fine"}]'


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"input": "a bad one"}, "input"),
        ({"instructions": "a bad one"}, "instructions"),
        ({"input": [{"role": "user", "content": "a bad one"}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "text": "bad"}]}]}, "input[0].content[0].text"),
        ({"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "bad"}]}, "input[0].arguments"),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": "bad"}]}, "input[0].output"),
        (
            {"input": [{"type": "function_call_output", "call_id": "c", "output": [{"type": "t", "text": "bad"}]}]},
            "input[0].output[0].text",
        ),
        ({"input": [{"type": "reasoning", "summary": [{"type": "t", "text": "bad"}]}]}, "input[0].summary[0].text"),
        ({"input": [{"type": "of_another_kind", "odd": {"deep": "bad"}}]}, "input[0].odd.deep"),
        ({"tools": [{"type": "function", "name": "f", "description": "bad"}]}, "tools[0].description"),
        ({"tools": [{"type": "mcp", "server_description": "bad"}]}, "tools[0].server_description"),
        ({"text": {"format": {"type": "json_schema", "name": "bad", "schema": {}}}}, "text.format.name"),
        ({"prompt": {"id": "p", "variables": {"a": "bad"}}}, "prompt.variables.a"),
        ({"unknown": "bad"}, "unknown"),
    ],
)
def test_texts_of_a_response_are_read_wherever_they_stand(fields: dict[str, Any], path: str) -> None:
    body = json.dumps({"model": "m", "input": "Hello", **fields}).encode()
    assert refusal_of(filter_of("bad"), exchange_of("responses", body)).param == path


def test_of_duplicate_names_in_an_item_the_judged_one_goes_on() -> None:
    body = b'{"model":"m","input":[{"role":"user","content":"bad","content":"good"}]}'
    exchange = exchange_of("responses", body)
    assert filter_of("bad").judge(exchange) is Verdict.PASS
    assert b"bad" not in bytes(exchange.request.fields["input"])

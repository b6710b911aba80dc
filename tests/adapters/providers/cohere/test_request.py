"""Chats in Cohere's words."""

import pytest

from sluicegate.pipeline.errors import InvalidRequest
from tests.adapters.dialects.openai.asking import read
from tests.adapters.providers.cohere.asking import MODEL, written

TOOL = {"type": "function", "function": {"name": "get", "description": "d", "parameters": {"type": "object"}}}
PUT = {"type": "function", "function": {"name": "put", "strict": True, "parameters": {"type": "object"}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "get", "arguments": '{"c":1.50}'}}


def asked(*messages: dict, **fields: object) -> dict:
    return written(read(*messages, **fields))[0]


def test_least_request_says_whether_it_is_a_stream():
    assert asked() == {"model": MODEL, "stream": False, "messages": [{"role": "user", "content": "Hello"}]}
    assert asked(stream=True)["stream"] is True


def test_parts_stay_parts():
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}}
    (message,) = asked({"role": "user", "content": [{"type": "text", "text": "a"}, image]})["messages"]
    assert message["content"] == [{"type": "text", "text": "a"}, image]


def test_what_is_said_beside_calls_is_their_plan():
    said = asked(
        {"role": "system", "content": "Be brief"},
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": "I look", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "4C"},
        {"role": "assistant", "content": "done"},
        tools=[TOOL],
    )["messages"]
    assert said[0] == {"role": "system", "content": "Be brief"}
    assert said[2] == {"role": "assistant", "tool_calls": [CALL], "tool_plan": "I look"}
    assert said[3:] == [
        {"role": "tool", "tool_call_id": "c1", "content": "4C"},
        {"role": "assistant", "content": "done"},
    ]


def test_turn_of_the_model_that_says_nothing_has_empty_content():
    said = asked({"role": "user", "content": "x"}, {"role": "assistant", "content": ""})["messages"]
    assert said[1] == {"role": "assistant", "content": ""}


def test_sampling_is_kept_within_what_it_takes():
    fields = {"temperature": 0.5, "top_p": 1, "seed": 3, "stop": "END", "max_completion_tokens": 7}
    body, left_out = written(read(**fields, frequency_penalty=1.5, presence_penalty=-1))
    assert (body["p"], body["stop_sequences"], body["max_tokens"]) == (0.99, ["END"], 7)
    assert (body["frequency_penalty"], left_out) == (1.0, ["presence_penalty"])
    assert "presence_penalty" not in body


@pytest.mark.parametrize(
    ("choice", "told", "offered"),
    [
        ("auto", None, ["get", "put"]),
        ("none", "NONE", ["get", "put"]),
        ("required", "REQUIRED", ["get", "put"]),
        ({"type": "function", "function": {"name": "put"}}, "REQUIRED", ["put"]),
    ],
)
def test_choice_of_tools(choice, told, offered):
    body = asked(tools=[TOOL, PUT], tool_choice=choice)
    assert body.get("tool_choice") == told
    assert [tool["function"]["name"] for tool in body["tools"]] == offered
    assert body["strict_tools"] is True


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"type": "json_object"}, {"type": "json_object"}),
        (
            {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": {"type": "object"}}},
            {"type": "json_object", "json_schema": {"type": "object"}},
        ),
    ],
)
def test_format(wanted, told):
    assert asked(response_format=wanted)["response_format"] == told


@pytest.mark.parametrize(("effort", "told"), [("none", {"type": "disabled"}), ("high", {"type": "enabled"})])
def test_thinking(effort, told):
    assert asked(reasoning_effort=effort)["thinking"] == told
    assert "thinking" not in asked()


def test_fields_of_its_own_are_passed_on():
    fields = {"documents": ["a text"], "safety_mode": "STRICT", "priority": 1, "citation_options": {"mode": "FAST"}}
    body, left_out = written(read(**fields, store=True))
    assert {name: body[name] for name in fields} == fields
    assert left_out == ["store"]


@pytest.mark.parametrize(("fields", "param"), [({"n": 2}, "n"), ({"stop": [*"abcd"], "n": 3}, "n")])
def test_what_changes_the_meaning_is_refused(fields, param):
    with pytest.raises(InvalidRequest, match="provider 'co' has no") as caught:
        asked(**fields)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}, "input_audio"),
        ({"type": "file", "file": {"file_data": "data:application/pdf;base64,AA==", "filename": "a.pdf"}}, "file"),
    ],
)
def test_parts_that_it_cannot_read_are_refused(part, param):
    with pytest.raises(InvalidRequest, match="provider 'co' has no") as caught:
        asked({"role": "user", "content": [part]})
    assert caught.value.param == param


def test_hints_are_left_out_and_named():
    fields = {"user": "u", "logit_bias": {"1": 1}, "service_tier": "flex", "logprobs": True, "top_logprobs": 2}
    body, left_out = written(read(**fields))
    assert body["logprobs"] is True
    assert left_out == ["top_logprobs", "logit_bias", "user", "service_tier"]
    with pytest.raises(InvalidRequest):
        written(read(user="u"), strict=True)

"""Chats in Ollama's words."""

import pytest

from sluicegate.pipeline.errors import InvalidRequest
from tests.adapters.dialects.openai.asking import read
from tests.adapters.providers.ollama.asking import MODEL, written

TOOL = {"type": "function", "function": {"name": "get", "description": "d", "parameters": {"type": "object"}}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0="}}


def asked(*messages: dict, model: str = MODEL, **fields: object) -> dict:
    return written(read(*messages, **fields), model)[0]


def test_stream_is_always_said():
    assert asked()["stream"] is False
    assert asked(stream=True)["stream"] is True


def test_instructions_come_first_and_stay_in_place_later():
    said = asked(
        {"role": "system", "content": "A"},
        {"role": "developer", "content": "B"},
        {"role": "user", "content": "Hello"},
        {"role": "system", "content": "C"},
    )["messages"]
    assert [(one["role"], one["content"]) for one in said] == [("system", "A\nB"), ("user", "Hello"), ("system", "C")]


def test_parts_become_one_text_and_images():
    parts = [{"type": "text", "text": "a"}, PICTURE, {"type": "text", "text": "b"}]
    (message,) = asked({"role": "user", "content": parts})["messages"]
    assert message == {"role": "user", "content": "a\nb", "images": ["iVBORw0="]}


def test_calls_and_results_name_their_tool():
    call = {"id": "c1", "type": "function", "function": {"name": "get", "arguments": '{"c":1.50}'}}
    said = asked(
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "4C"},
        tools=[TOOL],
    )
    assert said["messages"][1]["tool_calls"] == [{"id": "c1", "function": {"name": "get", "arguments": {"c": 1.5}}}]
    assert said["messages"][2] == {"role": "tool", "content": "4C", "tool_name": "get", "tool_call_id": "c1"}
    assert said["tools"][0]["function"]["name"] == "get"


def test_options_stand_apart():
    fields = {"temperature": 0.5, "top_p": 0.9, "seed": 3, "stop": "END", "max_completion_tokens": 7, "min_p": 0.1}
    body = asked(**fields, keep_alive="5m", num_ctx=100)
    assert body["options"] == {
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 3,
        "stop": ["END"],
        "num_predict": 7,
        "min_p": 0.1,
        "num_ctx": 100,
    }
    assert body["keep_alive"] == "5m"


def test_settings_hold_where_the_caller_says_nothing():
    body, _ = written(read(), num_ctx=8192, keep_alive="-1")
    assert (body["options"], body["keep_alive"]) == ({"num_ctx": 8192}, "-1")
    body, _ = written(read(num_ctx=9, keep_alive="1m"), num_ctx=8192, keep_alive="-1")
    assert (body["options"], body["keep_alive"]) == ({"num_ctx": 9}, "1m")


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"type": "json_object"}, "json"),
        ({"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}, {"type": "object"}),
    ],
)
def test_format_is_a_word_or_a_schema(wanted, told):
    assert asked(response_format=wanted)["format"] == told


@pytest.mark.parametrize(
    ("effort", "model", "think"),
    [
        ("none", MODEL, False),
        ("low", MODEL, True),
        ("max", "gpt-oss:20b", "high"),
        ("minimal", "gpt-oss:20b", "low"),
        ("none", "gpt-oss:20b", False),
    ],
)
def test_thinking_is_asked_for_as_the_model_takes_it(effort, model, think):
    assert asked(reasoning_effort=effort, model=model)["think"] == think
    assert "think" not in asked(model=model)


def test_a_choice_is_made_by_the_offer():
    assert "tools" not in asked(tools=[TOOL], tool_choice="none")
    other = {"type": "function", "function": {"name": "put", "parameters": {"type": "object"}}}
    choice = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "put"}}]}
    offered = asked(tools=[TOOL, other], tool_choice={"type": "allowed_tools", "allowed_tools": choice})["tools"]
    assert [tool["function"]["name"] for tool in offered] == ["put"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"tools": [TOOL], "tool_choice": "required"}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "get"}}}, "tool_choice"),
    ],
)
def test_what_changes_the_meaning_is_refused(fields, param):
    with pytest.raises(InvalidRequest, match="'local'") as caught:
        asked(**fields)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}, "image_url"),
        ({"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}, "input_audio"),
        ({"type": "file", "file": {"file_data": "data:application/pdf;base64,AA==", "filename": "a.pdf"}}, "file"),
    ],
)
def test_parts_that_it_cannot_read_are_refused(part, param):
    with pytest.raises(InvalidRequest, match="provider 'local' has no") as caught:
        asked({"role": "user", "content": [part]})
    assert caught.value.param == param


def test_hints_are_left_out_and_named():
    fields = {
        "tools": [TOOL],
        "parallel_tool_calls": False,
        "user": "u",
        "logit_bias": {"1": 1},
        "service_tier": "flex",
        "store": True,
    }
    _, left_out = written(read(**fields))
    assert left_out == ["parallel_tool_calls", "logit_bias", "user", "service_tier", "store"]
    with pytest.raises(InvalidRequest):
        written(read(user="u"), strict=True)

"""What a request for a response asks, in the form."""

import pytest

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import File, Image, Refusal, Text, Thinking, ToolCall, ToolResult, Turn
from sluicegate.pipeline.form.chat import Format, Reasoning, Tool, ToolChoice
from tests.adapters.dialects.responses.asking import read


def message(role: str, *parts: dict) -> dict:
    return {"type": "message", "role": role, "content": list(parts)}


def test_plain_text_is_one_turn_of_the_user():
    assert read("Hi").turns == (Turn("user", (Text("Hi"),)),)


def test_instructions_and_what_comes_before_the_conversation_are_the_system():
    chat = read([{"role": "developer", "content": "b"}, {"role": "user", "content": "c"}], instructions="a")
    assert chat.system == (Text("a"), Text("b"))
    chat = read([{"role": "user", "content": "c"}, {"role": "system", "content": "d"}])
    assert chat.turns[1] == Turn("system", (Text("d"),))


def test_parts_of_the_user():
    chat = read(
        [
            message(
                "user",
                {"type": "input_text", "text": "look"},
                {"type": "input_image", "image_url": "https://e.test/a.png", "detail": "low"},
                {"type": "input_image", "image_url": "data:image/png;base64,AA=="},
                {"type": "input_file", "file_data": "data:application/pdf;base64,BB==", "filename": "a.pdf"},
                {"type": "input_file", "file_url": "https://e.test/a.txt"},
            )
        ]
    )
    assert chat.turns[0].blocks == (
        Text("look"),
        Image(url="https://e.test/a.png", detail="low"),
        Image(data="AA==", media_type="image/png"),
        File(data="BB==", media_type="application/pdf", name="a.pdf"),
        File(url="https://e.test/a.txt", media_type="text/plain"),
    )


def test_items_of_one_answer_are_one_turn_and_their_results_another():
    chat = read(
        [
            {"role": "user", "content": "go"},
            {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "hm"}]},
            message("assistant", {"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "no"}),
            {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
            {"type": "function_call", "call_id": "2", "name": "g", "arguments": ""},
            {"type": "function_call_output", "call_id": "1", "output": "one"},
            {"type": "function_call_output", "call_id": "2", "output": [{"type": "input_text", "text": "two"}]},
        ]
    )
    calls = (ToolCall("1", "f", "{}"), ToolCall("2", "g", "{}"))
    assert chat.turns[1] == Turn("assistant", (Thinking("hm"), Text("a"), Refusal("no"), *calls))
    results = (ToolResult("1", (Text("one"),), "f"), ToolResult("2", (Text("two"),), "g"))
    assert chat.turns[2] == Turn("user", results)
    assert len(chat.turns) == 3


def test_thoughts_that_another_provider_sealed_are_left_out():
    chat = read([{"role": "user", "content": "a"}, {"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}])
    assert len(chat.turns) == 1


def test_settings_have_their_places():
    schema = {"type": "object"}
    chat = read(
        tools=[{"type": "function", "name": "f", "parameters": schema, "strict": True, "description": "d"}],
        tool_choice={"type": "function", "name": "f"},
        parallel_tool_calls=False,
        max_output_tokens=7,
        temperature=0.5,
        top_p=0.4,
        text={"format": {"type": "json_schema", "name": "n", "schema": schema}, "verbosity": "low"},
        reasoning={"effort": "high", "summary": "auto"},
        safety_identifier="u",
        top_logprobs=2,
        truncation="auto",
        metadata={"a": "b"},
        stream=True,
    )
    assert chat.tools == (Tool("f", "d", schema, True),)
    assert (chat.choice, chat.parallel_calls) == (ToolChoice("one", "f"), False)
    assert (chat.max_tokens, chat.temperature, chat.top_p, chat.user) == (7, 0.5, 0.4, "u")
    assert chat.format == Format("schema", "n", None, schema)
    assert chat.reasoning == Reasoning(True, "high", shown=True)
    assert (chat.logprobs, chat.top_logprobs, chat.stream) == (True, 2, True)
    assert chat.extra == {"text.verbosity": "low", "truncation": "auto"}
    assert (chat.metadata, chat.echo["metadata"]) == (None, {"a": "b"})


@pytest.mark.parametrize(
    ("choice", "means"),
    [
        ("auto", ToolChoice("auto")),
        ("required", ToolChoice("required")),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]},
            ToolChoice("required", allowed=("f",)),
        ),
    ],
)
def test_choices_among_tools(choice, means):
    assert read(tools=[{"type": "function", "name": "f"}], tool_choice=choice).choice == means


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": [message("user", {"type": "input_image", "file_id": "f"})]}, "input[0].content[0]"),
        ({"input": [message("user", {"type": "input_file", "file_id": "f"})]}, "input[0].content[0].file_id"),
        ({"input": [message("user", {"type": "input_video"})]}, "input[0].content[0]"),
        ({"input": [{"type": "mcp_list_tools", "id": "a"}]}, "input[0].type"),
        ({"tool_choice": {"type": "web_search"}}, "tool_choice"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format.type"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"previous_response_id": "resp_x"}, "previous_response_id"),
        ({"input": [{"type": "function_call_output", "call_id": "a", "output": [{"text": 1}]}]}, "input[0].output"),
    ],
)
def test_what_has_no_place_is_refused_by_its_path(fields, param):
    with pytest.raises(InvalidRequest) as refused:
        read(**fields)
    assert refused.value.param == param

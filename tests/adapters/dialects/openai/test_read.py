"""What OpenAI's callers ask, as a chat in no dialect."""

import base64

import pytest

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import (
    Audio,
    CacheMark,
    File,
    Foreign,
    Image,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from sluicegate.pipeline.form.chat import Chat, Format, Reasoning, Tool, ToolChoice
from tests.adapters.dialects.openai.asking import read

FUNCTION = {"name": "find", "description": "d", "parameters": {"type": "object"}, "strict": True}
TOOL = {"type": "function", "function": FUNCTION}
USER = {"role": "user", "content": "Hello"}
CALL = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"q": 1.50}'}}


def user(*parts: dict) -> tuple:
    return read({"role": "user", "content": list(parts)}).turns[0].blocks


def test_least_request_is_one_turn():
    assert read() == Chat(dialect="openai", model="m", turns=(Turn("user", (Text("Hello"),)),))


def test_instructions_before_the_conversation_are_the_systems():
    parts = [{"type": "text", "text": "b"}, {"type": "text", "text": "c", "cache_control": {"type": "ephemeral"}}]
    chat = read({"role": "system", "content": "a"}, {"role": "developer", "content": parts}, USER)
    assert chat.system == (Text("a"), Text("b"), Text("c", cache=CacheMark()))
    assert chat.turns == (Turn("user", (Text("Hello"),)),)


def test_instructions_in_the_middle_stay_there():
    chat = read(USER, {"role": "developer", "content": "Be brief."}, USER)
    assert [turn.role for turn in chat.turns] == ["user", "system", "user"]
    assert chat.turns[1].blocks == (Text("Be brief."),)


def test_instructions_that_are_no_text_are_refused():
    image = {"type": "image_url", "image_url": {"url": "https://a.example/x.png"}}
    with pytest.raises(InvalidRequest, match="instructions are text alone") as caught:
        read({"role": "system", "content": [image]}, USER)
    assert caught.value.param == "messages[0].content"


def test_every_kind_of_part_is_read():
    blocks = user(
        {"type": "text", "text": "a"},
        {"type": "image_url", "image_url": {"url": "https://a.example/x.png", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "data:image/PNG;base64,AA=="}},
        {"type": "image_url", "image_url": "https://a.example/bare.png"},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
        {"type": "input_audio", "input_audio": "data:audio/mpeg;base64,BBBB"},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,CCCC", "filename": "a.pdf"}},
        {"type": "file", "file": {"file_data": "DDDD", "filename": "a.csv"}},
        {"type": "video_url", "video_url": {"url": "https://a.example/x.mp4"}},
    )
    assert blocks == (
        Text("a"),
        Image(url="https://a.example/x.png", detail="low"),
        Image(data="AA==", media_type="image/png"),
        Image(url="https://a.example/bare.png"),
        Audio("AAAA", "mp3"),
        Audio("BBBB", "mp3"),
        File(file_id="file-1"),
        File(data="CCCC", media_type="application/pdf", name="a.pdf"),
        File(data="DDDD", media_type="text/csv", name="a.csv"),
        Foreign("openai", {"type": "video_url", "video_url": {"url": "https://a.example/x.mp4"}}),
    )


def test_data_url_that_is_not_base64_becomes_it():
    (image,) = user({"type": "image_url", "image_url": {"url": "data:image/svg+xml,%3Csvg/%3E"}})
    assert image == Image(data=base64.b64encode(b"<svg/>").decode(), media_type="image/svg+xml")


def test_data_url_without_data_is_refused_by_its_path():
    with pytest.raises(InvalidRequest, match="needs a comma") as caught:
        user({"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:image/png"}})
    assert caught.value.param == "messages[0].content[1].image_url"


def test_marks_for_the_cache_are_read_by_either_name():
    blocks = user(
        {"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}},
        {"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
    )
    assert blocks == (Text("a", cache=CacheMark("30m")), Text("b", cache=CacheMark("1h")))


def test_mark_at_a_message_is_that_of_its_last_block():
    chat = read({**USER, "cache_control": {"type": "ephemeral"}})
    assert chat.turns[0].blocks == (Text("Hello", cache=CacheMark()),)


def test_assistant_is_read_in_the_order_of_an_answer():
    message = {
        "role": "assistant",
        "name": "ann",
        "content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "no"}],
        "reasoning_content": "hm",
        "tool_calls": [CALL],
    }
    expected = (Thinking("hm"), Text("a"), Refusal("no"), ToolCall("c1", "find", '{"q": 1.50}'))
    assert read(USER, message).turns[1] == Turn("assistant", expected, "ann")


def test_thoughts_come_back_with_their_signatures():
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "s1", "index": 0},
        {"type": "redacted_thinking", "data": "xyz"},
    ]
    message = {"role": "assistant", "content": "a", "reasoning_content": "hm", "thinking_blocks": blocks}
    thinking = (Thinking("hm", signature="s1"), Thinking(redacted="xyz"))
    assert read(USER, message).turns[1].blocks == (*thinking, Text("a"))


def test_signature_of_a_call_comes_back():
    call = {**CALL, "extra_content": {"google": {"thought_signature": "s2"}}}
    (block,) = read(USER, {"role": "assistant", "content": "", "tool_calls": [call]}).turns[1].blocks
    assert block == ToolCall("c1", "find", '{"q": 1.50}', signature="s2")


def test_refusal_of_a_message_is_read():
    assert read(USER, {"role": "assistant", "refusal": "no"}).turns[1].blocks == (Refusal("no"),)


def test_spoken_answer_and_custom_call_stay_openais():
    custom = {"id": "c2", "type": "custom", "custom": {"name": "run", "input": "ls"}}
    message = {"role": "assistant", "audio": {"id": "audio_1"}, "tool_calls": [custom]}
    result = {"role": "tool", "tool_call_id": "c2", "content": "x"}
    chat = read(USER, message, result)
    audio = Foreign("openai", {"type": "audio", "audio": {"id": "audio_1"}})
    assert chat.turns[1].blocks == (audio, Foreign("openai", custom))
    assert chat.turns[2].blocks == (ToolResult("c2", (Text("x"),), "run"),)


def test_results_that_follow_each_other_make_one_turn():
    calls = [CALL, {"id": "c2", "type": "function", "function": {"name": "look", "arguments": ""}}]
    chat = read(
        USER,
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "two"}]},
        {"role": "tool", "tool_call_id": "c1", "content": "one", "cache_control": {"type": "ephemeral"}},
        USER,
        {"role": "tool", "tool_call_id": "unknown", "content": ""},
    )
    assert chat.turns[1].blocks[1] == ToolCall("c2", "look", "{}")
    two = ToolResult("c2", (Text("two"),), "look")
    one = ToolResult("c1", (Text("one"),), "find", cache=CacheMark())
    assert chat.turns[2:] == (
        Turn("user", (two, one)),
        Turn("user", (Text("Hello"),)),
        Turn("user", (ToolResult("unknown"),)),
    )


@pytest.mark.parametrize("arguments", ["{", "[]", "null", '"x"', "{} {}", "[" * 100_000])
def test_arguments_that_are_no_object_are_refused(arguments):
    call = {**CALL, "function": {"name": "find", "arguments": arguments}}
    with pytest.raises(InvalidRequest, match="must be a JSON object as text") as caught:
        read(USER, {"role": "assistant", "content": None, "tool_calls": [CALL, call]})
    assert caught.value.param == "messages[1].tool_calls[1].function.arguments"


def test_result_that_is_a_sound_is_refused():
    sound = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
    with pytest.raises(InvalidRequest, match="results of tools are text, images and files"):
        read(USER, {"role": "tool", "tool_call_id": "c1", "content": [sound]})


def test_functions_are_tools_that_are_called_one_at_a_time():
    chat = read(
        USER,
        {"role": "assistant", "content": None, "function_call": {"name": "find", "arguments": "{}"}},
        {"role": "function", "name": "find", "content": "x"},
        functions=[FUNCTION],
        function_call={"name": "find"},
    )
    assert chat.turns[1].blocks == (ToolCall("call_1", "find", "{}"),)
    assert chat.turns[2].blocks == (ToolResult("call_1", (Text("x"),), "find"),)
    assert chat.tools == (Tool("find", "d", {"type": "object"}, True),)
    assert chat.choice == ToolChoice("one", "find")
    assert (chat.functions, chat.parallel_calls) == (True, False)


def test_result_of_a_function_that_was_not_called_is_refused():
    with pytest.raises(InvalidRequest, match="was not called before") as caught:
        read(USER, {"role": "function", "name": "find", "content": "x"})
    assert caught.value.param == "messages[1].name"


def test_tools_are_read_with_their_marks():
    search = {"type": "web_search", "depth": 2}
    custom = {"type": "custom", "custom": {"name": "run"}}
    chat = read(tools=[{**TOOL, "cache_control": {"type": "ephemeral"}}, search, custom], parallel_tool_calls=True)
    assert chat.tools == (
        Tool("find", "d", {"type": "object"}, True, CacheMark()),
        Tool("web_search", native=search),
        Tool("run", native=custom),
    )
    assert chat.parallel_calls is True


ALLOWED = [{"type": "function", "function": {"name": "find"}}, {"type": "function", "name": "look"}]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", ToolChoice("auto")),
        ("none", ToolChoice("none")),
        ("any", ToolChoice("required")),
        ({"type": "function", "function": {"name": "find"}}, ToolChoice("one", "find")),
        ({"type": "custom", "custom": {"name": "run"}}, ToolChoice("one", "run")),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": ALLOWED}},
            ToolChoice("required", allowed=("find", "look")),
        ),
    ],
)
def test_choice_among_tools_is_read(choice, expected):
    assert read(tools=[TOOL], tool_choice=choice).choice == expected


def test_choice_of_a_kind_that_others_lack_is_refused():
    with pytest.raises(InvalidRequest, match=r"tool_choice\.type"):
        read(tools=[TOOL], tool_choice={"type": "web_search"})
    nameless = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "web_search"}]}}
    with pytest.raises(InvalidRequest, match="each needs a name"):
        read(tools=[TOOL], tool_choice=nameless)


SCHEMA = {"name": "n", "description": "d", "schema": {"type": "object"}, "strict": True}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, Format("json")),
        ({"type": "json_schema", "json_schema": SCHEMA}, Format("schema", "n", "d", {"type": "object"}, True)),
    ],
)
def test_form_of_the_answer_is_read(form, expected):
    assert read(response_format=form).format == expected


def test_form_that_others_lack_is_refused():
    with pytest.raises(InvalidRequest, match=r"response_format\.type"):
        read(response_format={"type": "regex"})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"max_tokens": 3}, {"max_tokens": 3}),
        ({"max_tokens": 3, "max_completion_tokens": 4}, {"max_tokens": 4}),
        ({"temperature": 0.5, "top_p": 0.1, "top_k": 5}, {"temperature": 0.5, "top_p": 0.1, "top_k": 5}),
        ({"frequency_penalty": 1, "presence_penalty": -1}, {"frequency_penalty": 1.0, "presence_penalty": -1.0}),
        ({"seed": 7, "n": 2}, {"seed": 7, "n": 2}),
        ({"stop": "END"}, {"stop": ("END",)}),
        ({"stop": ["a", "b"]}, {"stop": ("a", "b")}),
        ({"logprobs": True, "top_logprobs": 3}, {"logprobs": True, "top_logprobs": 3}),
        ({"logprobs": 2}, {"logprobs": True, "top_logprobs": 2}),
        ({"logit_bias": {"7": -100}}, {"logit_bias": {"7": -100.0}}),
        ({"reasoning_effort": "high"}, {"reasoning": Reasoning(enabled=True, effort="high")}),
        ({"reasoning_effort": "none"}, {"reasoning": Reasoning(enabled=False)}),
        ({"user": "u"}, {"user": "u"}),
        ({"user": "u", "safety_identifier": "s"}, {"user": "s"}),
        ({"metadata": {"k": "v"}, "service_tier": "flex"}, {"metadata": {"k": "v"}, "service_tier": "flex"}),
        ({"stream": True}, {"stream": True}),
        ({"stream": True, "stream_options": {"include_usage": True}}, {"stream": True, "usage_wanted": True}),
        ({"their_field": [1.5], "store": True, "audio": None}, {"extra": {"their_field": [1.5], "store": True}}),
    ],
)
def test_option_has_its_place(fields, expected):
    turns = (Turn("user", (Text("Hello"),)),)
    assert read(**fields) == Chat(dialect="openai", model="m", turns=turns, **expected)


def test_top_k_that_is_no_integer_is_refused():
    with pytest.raises(InvalidRequest, match="top_k: must be an integer"):
        read(top_k="5")

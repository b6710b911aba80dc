"""Turns of other dialects as messages of OpenAI's API."""

import pytest
from openai.types.chat import ChatCompletionMessageParam
from pydantic import TypeAdapter

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
from tests.adapters.providers.openai.asked import USER, chat, said, sent

OFFICIAL = TypeAdapter(list[ChatCompletionMessageParam])
CALL = ToolCall("c1", "find", '{"q": 1.50}')
CALL_JSON = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"q": 1.50}'}}
MARK = CacheMark("5m")


def test_instructions_come_first_and_may_come_again():
    asked = chat(USER, Turn("system", (Text("c"),)), system=(Text("a"), Text("b")))
    body, _ = sent(asked)
    assert body["messages"] == [
        {"role": "system", "content": "a\n\nb"},
        {"role": "user", "content": "Hello"},
        {"role": "system", "content": "c"},
    ]
    body, _ = sent(asked, itself=True)
    assert body["messages"][0]["content"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    OFFICIAL.validate_python(body["messages"])


def test_every_kind_of_block_has_its_part():
    messages = said(
        "user",
        Text("a"),
        Image(url="https://a.example/x.png", detail="low"),
        Image(data="AA==", media_type="image/png"),
        Audio("BBBB", "wav"),
        File(data="CCCC", media_type="application/pdf", name="a.pdf"),
        File(data="DDDD", media_type="application/pdf"),
        File(text="t", name="n"),
        File(text="t"),
    )
    assert messages == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "a"},
                {"type": "image_url", "image_url": {"url": "https://a.example/x.png", "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
                {"type": "input_audio", "input_audio": {"data": "BBBB", "format": "wav"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,CCCC", "filename": "a.pdf"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,DDDD", "filename": "file.pdf"}},
                {"type": "text", "text": "n:\n\nt"},
                {"type": "text", "text": "t"},
            ],
        }
    ]
    OFFICIAL.validate_python(messages)


@pytest.mark.parametrize(
    ("role", "block", "name"),
    [
        ("user", File(file_id="file_1"), "file by an id of another API"),
        ("user", File(url="https://a.example/a.pdf"), "file by its URL"),
        ("user", Foreign("anthropic", {"type": "search_result"}), "block of type 'search_result'"),
        ("assistant", Foreign("anthropic", {"type": "server_tool_use"}), "block of type 'server_tool_use' of an"),
        ("assistant", Foreign("anthropic", {"type": "custom"}), "block of type 'custom' of an"),
        ("assistant", Image(url="https://a.example/x.png"), "block of type 'image' of an"),
    ],
)
def test_block_that_openai_cannot_be_told_is_refused(role, block, name):
    with pytest.raises(InvalidRequest, match=f"provider 'p' has no {name}") as caught:
        said(role, block)
    assert caught.value.param == "messages"


def test_blocks_that_are_openais_own_go_on_to_it():
    video = {"type": "video_url", "video_url": {"url": "https://a.example/x.mp4"}}
    custom = {"id": "c2", "type": "custom", "custom": {"name": "run", "input": "ls"}}
    audio = Foreign("openai", {"type": "audio", "audio": {"id": "audio_1"}})
    turns = (
        Turn("user", (Foreign("openai", video), File(file_id="file_1")), "ann"),
        Turn("assistant", (audio, Foreign("openai", custom))),
        Turn("user", (ToolResult("c2", (Text("x"),)),)),
    )
    body, _ = sent(chat(*turns, dialect="openai"))
    assert body["messages"] == [
        {"role": "user", "content": [video, {"type": "file", "file": {"file_id": "file_1"}}], "name": "ann"},
        {"role": "assistant", "content": None, "audio": {"id": "audio_1"}, "tool_calls": [custom]},
        {"role": "tool", "tool_call_id": "c2", "content": "x"},
    ]


def test_assistant_is_written_with_its_thoughts_where_they_may_go_back():
    blocks = (Thinking("h"), Thinking("m", "s1"), Thinking(redacted="xyz"), Text("a"), Text("b"), Refusal("no"), CALL)
    (message,) = said("assistant", *blocks)
    assert message == {
        "role": "assistant",
        "content": "abno",
        "reasoning_content": "hm",
        "thinking_blocks": [
            {"type": "thinking", "thinking": "m", "signature": "s1"},
            {"type": "redacted_thinking", "data": "xyz"},
        ],
        "tool_calls": [CALL_JSON],
    }
    (message,) = said("assistant", *blocks, itself=True)
    assert message == {"role": "assistant", "content": "ab", "refusal": "no", "tool_calls": [CALL_JSON]}
    OFFICIAL.validate_python([message])


def test_content_of_an_assistant_is_null_only_beside_calls():
    assert said("assistant", CALL)[0]["content"] is None
    assert said("assistant")[0]["content"] == ""


def test_signature_of_a_call_goes_back_but_not_to_openai():
    call = ToolCall("c1", "find", "{}", signature="s2")
    (told,) = said("assistant", call)[0]["tool_calls"]
    assert told["extra_content"] == {"google": {"thought_signature": "s2"}}
    assert "extra_content" not in said("assistant", call, itself=True)[0]["tool_calls"][0]


def test_results_are_messages_of_their_own_in_their_order():
    results = (ToolResult("c2", (Text("two"), Text("too")), "look"), ToolResult("c1"))
    messages = said("user", *results, Text("Go on"))
    assert messages == [
        {"role": "tool", "tool_call_id": "c2", "content": "two\n\ntoo"},
        {"role": "tool", "tool_call_id": "c1", "content": ""},
        {"role": "user", "content": "Go on"},
    ]
    OFFICIAL.validate_python(messages)


def test_images_of_a_result_follow_behind_all_results():
    image = Image(url="https://a.example/x.png")
    messages = said("user", ToolResult("c1", (Text("see"), image)), ToolResult("c2", (Text("x"),)), Text("Go on"))
    assert messages == [
        {"role": "tool", "tool_call_id": "c1", "content": "see"},
        {"role": "tool", "tool_call_id": "c2", "content": "x"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What the call c1 gave:"},
                {"type": "image_url", "image_url": {"url": "https://a.example/x.png"}},
                {"type": "text", "text": "Go on"},
            ],
        },
    ]


def test_failure_of_a_tool_is_noted_as_left_out():
    _, dropped = sent(chat(Turn("user", (ToolResult("c1", (Text("no such file"),), failed=True),))))
    assert dropped == ["is_error"]


def test_marks_for_the_cache_are_openais_breakpoints():
    system = (Text("a", cache=CacheMark("1h")),)
    turn = Turn("user", (ToolResult("c1", (Text("x"),), cache=MARK), Text("b", cache=MARK), Text("c")))
    body, dropped = sent(chat(turn, system=system), itself=True)
    mark = {"prompt_cache_breakpoint": {"mode": "explicit"}}
    assert body["messages"] == [
        {"role": "system", "content": [{"type": "text", "text": "a", **mark}]},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "x", **mark}]},
        {"role": "user", "content": [{"type": "text", "text": "b", **mark}, {"type": "text", "text": "c"}]},
    ]
    assert dropped == []
    OFFICIAL.validate_python(body["messages"])
    own, _ = sent(chat(Turn("user", (Text("b", cache=CacheMark("30m")),)), dialect="openai"), itself=True)
    assert own["messages"][0]["content"][0]["prompt_cache_breakpoint"] == {"mode": "explicit", "ttl": "30m"}


def test_marks_for_the_cache_are_left_out_elsewhere():
    body, dropped = sent(chat(Turn("user", (Text("b", cache=MARK),))))
    assert body["messages"] == [{"role": "user", "content": "b"}]
    assert dropped == ["cache_control"]


def test_answer_to_be_continued_is_noted_where_openai_would_begin_a_new_one():
    asked = chat(USER, Turn("assistant", (Text("Dear"),)))
    assert sent(asked)[1] == []
    body, dropped = sent(asked, itself=True)
    assert body["messages"][-1] == {"role": "assistant", "content": "Dear"}
    assert dropped == ["prefill"]


def test_turn_without_blocks_stays_a_message():
    assert said("user") == [{"role": "user", "content": ""}]

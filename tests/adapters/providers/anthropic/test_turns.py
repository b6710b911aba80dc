"""The order of a conversation is the one that the API insists on."""

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
from sluicegate.pipeline.form.chat import Reasoning, Tool
from sluicegate.pipeline.form.sides import Dropped
from tests.adapters.providers.anthropic.samples import NEW, OLD, TARGET, assistant, chat, translator, user, written

CALL = ToolCall("call_1", "get", '{"c": "Oslo",  "n": 1.0}')
RESULT = ToolResult("call_1", (Text("4C"),))


def messages(*turns, model=NEW, **fields):
    return written(chat(*turns, **fields), model)[0]["messages"]


def content(*blocks, role="user", **fields):
    turns = (user(*blocks),) if role == "user" else (user("a"), assistant(*blocks), user("b"))
    return messages(*turns, **fields)[0 if role == "user" else 1]["content"]


def test_turns_of_one_side_become_one():
    found = messages(user("a"), user("b"), assistant("c"), assistant("d"), user("e"))
    assert [(turn["role"], [block["text"] for block in turn["content"]]) for turn in found] == [
        ("user", ["a", "b"]),
        ("assistant", ["c", "d"]),
        ("user", ["e"]),
    ]


def test_results_of_tools_come_first_and_together():
    other = ToolResult("call_2", (), failed=True)
    found = messages(user("a"), assistant(CALL, ToolCall("call_2", "get")), user(RESULT), user("go on"), user(other))
    assert found[2]["content"] == [
        {"type": "tool_result", "tool_use_id": "call_1", "content": "4C"},
        {"type": "tool_result", "tool_use_id": "call_2", "is_error": True},
        {"type": "text", "text": "go on"},
    ]


def test_a_user_begins():
    assert messages(assistant("Hi"), user("a"))[0] == {"role": "user", "content": [{"type": "text", "text": "Begin."}]}


def test_blank_texts_and_empty_turns_are_left_out():
    found = messages(user("a"), assistant("", " \n"), user("b", ""))
    assert found == [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]


def test_instructions_in_between_are_told_in_their_place():
    found = messages(user("a"), assistant("b"), Turn("system", (Text("Now in French"),)), user("c"))
    assert [block["text"] for block in found[2]["content"]] == ["<system>\nNow in French\n</system>", "c"]


def test_what_is_no_text_in_instructions_is_kept_too():
    (found,) = messages(user("a"), Turn("system", (Text(" "), Image(url="https://example.org/a.gif"))))
    assert [block["type"] for block in found["content"]] == ["text", "image"]


def test_names_of_speakers_are_dropped():
    assert written(chat(Turn("user", (Text("a"),), name="ann")))[1] == ["messages.name"]


def test_arguments_keep_their_spelling():
    request = translator().ask(chat(user("a"), assistant(CALL), user(RESULT)), TARGET, Dropped("claude", strict=False))
    assert b'"input":{"c": "Oslo",  "n": 1.0}' in request.body


@pytest.mark.parametrize("arguments", ["{", "[]", "null", '"text"', "[" * 100_000])
def test_arguments_that_are_no_object_are_refused(arguments):
    with pytest.raises(InvalidRequest, match="'call_1' are no JSON object"):
        messages(user("a"), assistant(ToolCall("call_1", "get", arguments)), user(RESULT))


def test_a_call_without_arguments_has_an_empty_object():
    assert content(ToolCall("c", "get", ""), role="assistant")[0]["input"] == {}


def test_ids_with_other_characters_are_changed_alike_and_stay_apart():
    found = messages(
        user("a"),
        assistant(ToolCall("get:0", "get"), ToolCall("get.0", "get"), ToolCall("", "get")),
        user(ToolResult("get:0"), ToolResult("get.0"), ToolResult("")),
    )
    calls = [block["id"] for block in found[1]["content"]]
    assert calls == [block["tool_use_id"] for block in found[2]["content"]]
    assert len(set(calls)) == 3
    assert all(name.replace("_", "").isalnum() and name.isascii() for name in calls)


def test_thoughts_go_back_with_their_proof_or_not_at_all():
    found = content(Thinking("hm", signature="s"), Thinking(redacted="xx"), Thinking("no proof"), "c", role="assistant")
    assert found == [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "xx"},
        {"type": "text", "text": "c"},
    ]


def test_a_refusal_is_told_as_text():
    assert content(Refusal("I won't"), role="assistant") == [{"type": "text", "text": "I won't"}]


def test_images_go_by_their_data_or_url():
    found = content(
        Image(data="iVBORw0=", media_type="image/png", cache=CacheMark()), Image(data="x", media_type="image/jpg"),
        Image(url="https://example.org/a.gif", detail="auto"),
    )  # fmt: skip
    assert [block["source"] for block in found] == [
        {"type": "base64", "media_type": "image/png", "data": "iVBORw0="},
        {"type": "base64", "media_type": "image/jpeg", "data": "x"},
        {"type": "url", "url": "https://example.org/a.gif"},
    ]
    assert found[0]["cache_control"] == {"type": "ephemeral"}


def test_how_closely_to_look_is_dropped():
    assert written(chat(user(Image(url="https://example.org/a.gif", detail="low"))))[1] == ["image_url.detail"]


def test_documents_go_as_what_they_are():
    text = base64.b64encode("Grüße".encode()).decode()
    found = content(
        File(data="JVBERi0=", media_type="application/pdf", name="a.pdf"),
        File(data=text, media_type="text/markdown; charset=utf-8"),
        File(text="plain"),
        File(url="https://example.org/a.pdf"),
        File(file_id="file_1"),
    )
    assert found[0] == {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
        "title": "a.pdf",
    }
    assert [block["source"] for block in found[1:]] == [
        {"type": "text", "media_type": "text/plain", "data": "Grüße"},
        {"type": "text", "media_type": "text/plain", "data": "plain"},
        {"type": "url", "url": "https://example.org/a.pdf"},
        {"type": "file", "file_id": "file_1"},
    ]


def test_an_uploaded_file_asks_for_its_beta():
    request = translator().ask(chat(user(File(file_id="file_1"))), TARGET, Dropped("claude", strict=False))
    assert dict(request.headers)["anthropic-beta"] == "files-api-2025-04-14"
    assert "anthropic-beta" not in dict(translator().ask(chat(), TARGET, Dropped("claude", strict=False)).headers)


@pytest.mark.parametrize(
    ("block", "name"),
    [
        (Audio("AAAA", "wav"), "input_audio"),
        (Image(data="x", media_type="image/tiff"), "image of type 'image/tiff'"),
        (Image(url="ftp://example.org/a.gif"), "image_url.url"),
        (File(data="x", media_type="application/zip"), "file of type 'application/zip'"),
        (Foreign("openai", {"type": "video"}), "messages.content of type 'video'"),
        (Foreign("anthropic", {"type": "search_result"}), "messages.content of type 'search_result'"),
    ],
)
def test_what_cannot_be_told_is_refused(block, name):
    with pytest.raises(InvalidRequest, match=f"'claude' has no {name}"):
        content(block)


def test_platforms_that_fetch_nothing_refuse_urls():
    with pytest.raises(InvalidRequest, match="no image_url"):
        written(chat(user(Image(url="https://example.org/a.gif"))), fetches=False)


def test_a_text_file_that_is_none_is_refused():
    with pytest.raises(InvalidRequest, match="UTF-8"):
        content(File(data="/////w==", media_type="text/plain"))


def test_blocks_of_anthropics_own_go_back_as_they_came():
    own = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    assert content(Foreign("anthropic", own), role="assistant", dialect="anthropic") == [own]


def test_citations_stay_with_answers_in_anthropics_dialect_alone():
    cited = Text("c", citations=({"type": "char_location", "document_index": 0},))
    assert "citations" in content(cited, role="assistant", dialect="anthropic")[0]
    assert "citations" not in content(cited, role="assistant")[0]
    assert "citations" not in content(cited, dialect="anthropic")[0]


def test_results_hold_images_and_marks():
    result = ToolResult("c", (Text("a"), Image(data="x", media_type="image/png")), cache=CacheMark("5m"))
    assert content(result) == [
        {
            "type": "tool_result",
            "tool_use_id": "c",
            "content": [
                {"type": "text", "text": "a"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "x"}},
            ],
            "cache_control": {"type": "ephemeral", "ttl": "5m"},
        }
    ]


@pytest.mark.parametrize(
    ("model", "thoughts", "thinking"),
    [(OLD, (), None), (OLD, (Thinking("hm", signature="s"),), "enabled"), (NEW, (), "adaptive")],
)
def test_a_tool_loop_without_its_thoughts_is_not_thought_about(model, thoughts, thinking):
    turns = (user("a"), assistant(*thoughts, CALL), user(RESULT))
    fields, dropped = written(chat(*turns, tools=(Tool("get"),), reasoning=Reasoning(effort="high")), model)
    assert fields.get("thinking", {}).get("type") == thinking
    assert dropped == ([] if thinking else ["reasoning_effort"])

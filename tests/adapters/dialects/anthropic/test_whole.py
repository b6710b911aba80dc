import json

import pytest
from anthropic.types import Message

from sluicegate.adapters.dialects.anthropic import DIALECT
from sluicegate.pipeline.form.answer import Answer, Choice
from sluicegate.pipeline.form.blocks import Foreign, Refusal, Text, Thinking, ToolCall
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.reply import Usage
from tests.adapters.dialects.anthropic.asking import said

CHAT = Chat(dialect="anthropic", model="asked-for")


def whole(*blocks, finish="stop", stop_text=None, **fields):
    """Return the body as JSON; the official client's own type finds nothing wrong with it."""
    body = DIALECT.whole(CHAT, Answer(choices=(Choice(blocks, finish, stop_text=stop_text),), **fields))
    Message.model_validate_json(body, strict=True)
    return json.loads(body)


def test_every_block_stands_in_its_place():
    found = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}}
    body = whole(
        Thinking("hm", "sig"),
        Thinking(redacted="secret"),
        Text("Hi", citations=({"type": "page_location", "cited_text": "c", "document_index": 0, "end_page_number": 2,
                               "start_page_number": 1, "document_title": None, "file_id": None},)),
        Foreign("anthropic", found),
        Foreign("gemini", {"odd": True}),
        ToolCall("toolu_1", "get", '{"c": 1.50}'),
        finish="tool_calls",
        id="msg_1",
        model="served",
    )  # fmt: skip
    assert (body["id"], body["model"], body["type"], body["role"]) == ("msg_1", "served", "message", "assistant")
    thinking, redacted, text, server, call = body["content"]
    assert thinking == {"type": "thinking", "thinking": "hm", "signature": "sig"}
    assert redacted == {"type": "redacted_thinking", "data": "secret"}
    assert (text["text"], text["citations"][0]["cited_text"]) == ("Hi", "c")
    assert server == found
    assert call == {"type": "tool_use", "id": "toolu_1", "name": "get", "input": {"c": 1.5}}


def test_arguments_keep_their_spelling():
    answer = Answer(choices=(Choice((ToolCall("t", "n", ' {"a": 1.50, "b":1e2} '),), "tool_calls"),))
    assert b'"input":{"a": 1.50, "b":1e2}}' in DIALECT.whole(CHAT, answer)


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ("", {}),
        ("{}", {}),
        ('{"c": "Os', {"INVALID_JSON": '{"c": "Os'}),
        ("[1]", {"INVALID_JSON": "[1]"}),
    ],
)
def test_arguments_are_an_object_whatever_the_model_wrote(arguments, given):
    assert whole(ToolCall("t", "n", arguments), finish="length")["content"][0]["input"] == given


@pytest.mark.parametrize(
    ("blocks", "finish", "stop_text", "reason", "sequence"),
    [
        ((Text("a"),), "stop", None, "end_turn", None),
        ((Text("a"),), "stop", "END", "stop_sequence", "END"),
        ((Text("a"),), "length", None, "max_tokens", None),
        ((Text("a"),), "content_filter", None, "refusal", None),
        ((Refusal("no"),), "stop", None, "refusal", None),
        ((ToolCall("t", "n"),), "tool_calls", None, "tool_use", None),
        ((ToolCall("t", "n"),), "stop", None, "tool_use", None),
        ((ToolCall("t", "n"),), "length", None, "max_tokens", None),
    ],
)
def test_the_reason_is_one_that_clients_know(blocks, finish, stop_text, reason, sequence):
    body = whole(*blocks, finish=finish, stop_text=stop_text)
    assert (body["stop_reason"], body["stop_sequence"]) == (reason, sequence)


def test_tokens_are_counted_as_anthropic_counts_them():
    usage = Usage(input=115, output=20, cached=100, cache_write=5, reasoning=7)
    assert whole(Text("a"), usage=usage)["usage"] == {
        "input_tokens": 10,
        "output_tokens": 20,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 5,
        "output_tokens_details": {"thinking_tokens": 7},
    }
    assert whole(Text("a"), usage=Usage(input=3, cached=9))["usage"]["input_tokens"] == 0


def test_an_answer_of_nothing_has_an_id_a_model_and_no_content():
    body = whole(Text(""))
    assert body["id"].startswith("msg_")
    assert (body["model"], body["content"]) == ("asked-for", [])
    assert whole()["id"] != body["id"]


def test_the_signature_of_a_call_comes_back_with_it():
    blocks = (Thinking("hm", "s"), ToolCall("t1", "n", "{}", "sig/+="), ToolCall("t2", "n", "{}"))
    body = whole(*blocks, finish="tool_calls")
    assert said(*body["content"], role="assistant") == blocks

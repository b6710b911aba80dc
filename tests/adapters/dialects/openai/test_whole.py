"""Whole answers as OpenAI's callers know them; its own client's types are the judge of their shape."""

import msgspec
from openai.types.chat import ChatCompletion

from sluicegate.adapters.dialects.openai import DIALECT
from sluicegate.adapters.dialects.openai.dialect import OpenAIDialect
from sluicegate.pipeline.form.answer import Answer, Choice
from sluicegate.pipeline.form.blocks import Foreign, Refusal, Text, Thinking, ToolCall, Turn
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.reply import Usage
from tests.adapters.dialects.openai.asking import read

CHAT = Chat(dialect="openai", model="asked")
FULL = (
    Thinking("hm ", signature="s1"),
    Thinking(redacted="xyz"),
    Thinking("so"),
    Text("Hällo ", citations=({"url": "https://e.example", "title": "T", "more": 1}, {"document": 3})),
    Text("you", citations=({"url": "https://f.example"},)),
    ToolCall("c1", "find", '{"q": 1.50}', signature="s2"),
    ToolCall("", "look"),
)


def whole(*blocks, chat: Chat = CHAT, **fields) -> dict:
    choice = Choice(blocks, **{name: fields.pop(name) for name in ("finish", "logprobs") if name in fields})
    body = DIALECT.whole(chat, Answer(choices=(choice,), **fields))
    ChatCompletion.model_validate_json(body, strict=True)
    return msgspec.json.decode(body)


def test_full_answer_has_all_that_was_said():
    usage = Usage(input=9, output=5, cached=2, cache_write=1, reasoning=3)
    told = whole(*FULL, finish="tool_calls", id="a1", model="theirs", created=7, usage=usage)
    message = told["choices"][0]["message"]
    made = message["tool_calls"][1].pop("id")
    assert made.startswith("call_")
    assert len(made) > 20
    signature = {"google": {"thought_signature": "s2"}}
    assert message == {
        "role": "assistant",
        "content": "Hällo you",
        "refusal": None,
        "reasoning_content": "hm so",
        "thinking_blocks": [
            {"type": "thinking", "thinking": "hm ", "signature": "s1"},
            {"type": "redacted_thinking", "data": "xyz"},
        ],
        "annotations": [
            {
                "type": "url_citation",
                "url_citation": {"start_index": 0, "end_index": 6, "title": "T", "url": "https://e.example"},
            },
            {
                "type": "url_citation",
                "url_citation": {"start_index": 6, "end_index": 9, "title": "", "url": "https://f.example"},
            },
        ],
        "tool_calls": [
            {
                "id": "c1",
                "type": "function",
                "function": {"name": "find", "arguments": '{"q": 1.50}'},
                "extra_content": signature,
            },
            {"type": "function", "function": {"name": "look", "arguments": "{}"}},
        ],
    }
    assert (told["id"], told["model"], told["created"], told["object"]) == ("a1", "theirs", 7, "chat.completion")
    assert told["choices"][0]["finish_reason"] == "tool_calls"
    assert told["usage"] == {
        "prompt_tokens": 9,
        "completion_tokens": 5,
        "total_tokens": 14,
        "prompt_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 3,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def test_answer_comes_back_as_the_turn_that_it_was():
    message = whole(*FULL[:2], Text("Hi"), FULL[5])["choices"][0]["message"]
    back = read({"role": "user", "content": "x"}, message).turns[1]
    assert back == Turn("assistant", (*FULL[:2], Text("Hi"), FULL[5]))


def test_what_the_provider_does_not_say_is_made_up_from_the_request_and_the_clock():
    body = OpenAIDialect(wall=lambda: 1_790_000_000.9).whole(CHAT, Answer(choices=(Choice((Text("x"),)),)))
    told = msgspec.json.decode(body)
    assert (told["model"], told["created"], told["usage"]) == ("asked", 1_790_000_000, None)
    assert told["id"].startswith("chatcmpl-")


def test_content_is_null_only_beside_a_call_or_refusal():
    assert whole()["choices"][0]["message"]["content"] == ""
    assert whole(FULL[5])["choices"][0]["message"]["content"] is None
    refused = whole(Refusal("I can"), Refusal("not"), finish="content_filter")["choices"][0]
    assert (refused["message"]["content"], refused["message"]["refusal"]) == (None, "I cannot")
    assert refused["finish_reason"] == "content_filter"


def test_logprobs_are_those_of_the_answer():
    logprobs = {"content": [{"token": "x", "logprob": -0.5, "bytes": [120], "top_logprobs": []}], "refusal": None}
    assert whole(Text("x"), logprobs=logprobs)["choices"][0]["logprobs"] == logprobs


def test_blocks_of_other_dialects_are_left_out():
    message = whole(Text("x"), Foreign("anthropic", {"type": "server_tool_use"}))["choices"][0]["message"]
    assert message == {"role": "assistant", "content": "x", "refusal": None}


def test_every_choice_has_its_index():
    choices = (Choice((Text("a"),)), Choice((Text("b"),), "length", 1))
    told = msgspec.json.decode(DIALECT.whole(CHAT, Answer(choices=choices)))["choices"]
    assert [(choice["index"], choice["finish_reason"]) for choice in told] == [(0, "stop"), (1, "length")]


def test_caller_of_functions_is_told_of_one():
    chat = Chat(dialect="openai", model="asked", functions=True)
    choice = whole(*FULL[5:], chat=chat, finish="tool_calls")["choices"][0]
    assert choice["message"]["function_call"] == {"name": "find", "arguments": '{"q": 1.50}'}
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "function_call"

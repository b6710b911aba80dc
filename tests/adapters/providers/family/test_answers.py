"""Answers of the family as OpenAI's clients know them: the examples of each, and what servers are known to send."""

import msgspec
import pytest
from openai.types.chat import ChatCompletion

from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.provider import UpstreamHead
from tests.adapters.providers.family.wires import TYPES, WIRES, build
from tests.conformance.provider_sample import ask

JSON = UpstreamHead(200, {"content-type": "application/json"})
SSE = UpstreamHead(200, {"content-type": "text/event-stream"})


def answered(type_: str, body: object, *, head: UpstreamHead = JSON, **settings) -> dict:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    reply, _ = build(type_, **settings).decode(ask(), head, data)
    return msgspec.json.decode(reply.body)


def whole(message: object = None, **choice) -> dict:
    return {"choices": [{"message": {"content": "x"} if message is None else message, **choice}]}


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_each_whole_answer_is_one_of_openais(type_):
    answer = ChatCompletion.model_validate(answered(type_, WIRES[type_].whole), strict=True)
    choice = answer.choices[0]
    assert choice.message.content in ("Hi", "Hi [1]", "")
    assert choice.finish_reason == ("tool_calls" if type_ in ("mistral", "together") else "stop")
    if type_ not in ("azure", "perplexity"):
        assert choice.message.model_extra["reasoning_content"] == "hm"


def test_azures_answers_pass_through_byte_by_byte():
    reply, _ = build("azure").decode(ask(), JSON, WIRES["azure"].whole)
    assert reply.body is WIRES["azure"].whole


@pytest.mark.parametrize("type_", ["mistral", "together"])
def test_calls_keep_their_ids_and_arguments(type_):
    (call,) = answered(type_, WIRES[type_].whole)["choices"][0]["message"]["tool_calls"]
    assert call["function"] == {"name": "get", "arguments": '{"c":1}'}
    assert call["id"] == ("Ab3dE5gH1" if type_ == "mistral" else "call_1")
    assert "index" not in call


def test_what_is_no_part_of_the_answer_is_taken_out():
    assert "x_groq" not in answered("groq", WIRES["groq"].whole)
    together = answered("together", WIRES["together"].whole)
    assert not together.keys() & {"prompt", "warnings"}
    assert "delta" not in answered("perplexity", WIRES["perplexity"].whole)["choices"][0]
    details = answered("openrouter", WIRES["openrouter"].whole)["choices"][0]["message"]["reasoning_details"]
    assert details[0]["signature"] == "s"


def test_sources_become_annotations():
    answer = answered("perplexity", WIRES["perplexity"].whole)
    cited = {"start_index": 3, "end_index": 6, "url": "https://e.test", "title": "E"}
    assert answer["choices"][0]["message"]["annotations"] == [{"type": "url_citation", "url_citation": cited}]
    assert answer["citations"] == ["https://e.test"]


@pytest.mark.parametrize("citations", [None, [], "x", [7], [None]])
def test_sources_that_are_none_are_passed_over(citations):
    body = {**whole({"content": "so [1] [99] [0]"}), "citations": citations, "search_results": [1, {"url": 2}]}
    assert "annotations" not in answered("perplexity", body)["choices"][0]["message"]


@pytest.mark.parametrize(
    ("content", "thought", "said"),
    [("<think>hm</think>\n\nHi", "hm", "Hi"), ("\n<think>\nhm", "hm", ""), ("Hi <think>", None, "Hi <think>")],
)
def test_tags_at_the_beginning_hold_reasoning(content, thought, said):
    for type_, settings in (("perplexity", {}), ("together", {})):
        message = answered(type_, whole({"content": content}), **settings)["choices"][0]["message"]
        assert (message.get("reasoning_content"), message["content"]) == (thought, said)
        kept = answered(type_, whole({"content": content}), think_tags=False)["choices"][0]["message"]
        assert kept["content"] == content


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"content": "x"}, {"content": "x"}),
        ({"content": None}, {"content": None}),
        ({}, {"content": None}),
        (
            {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, {"type": "reference"}]},
            {"content": "ab"},
        ),
        ({"content": "x", "tool_calls": None}, {"content": "x"}),
        ({"content": "x", "tool_calls": []}, {"content": "x"}),
        ({"content": "x", "reasoning": "r"}, {"content": "x", "reasoning_content": "r"}),
        ({"content": "x", "reasoning": "r", "reasoning_content": "r"}, {"content": "x", "reasoning_content": "r"}),
    ],
)
def test_message_of_any_shape_is_brought_into_form(message, expected):
    (choice,) = answered("custom", whole(message))["choices"]
    assert choice["message"] == {"role": "assistant", **expected}


@pytest.mark.parametrize("missing", [None, 1, "x", []])
def test_message_that_is_none_is_an_empty_one(missing):
    body = {"choices": [{"message": missing, "finish_reason": "stop"}]}
    assert answered("custom", body)["choices"][0]["message"] == {"role": "assistant", "content": None}


@pytest.mark.parametrize(("arguments", "text"), [({"c": 1}, '{"c":1}'), ("{}", "{}"), (None, "")])
def test_arguments_are_text(arguments, text):
    call = {"id": "a", "function": {"name": "f", "arguments": arguments}}
    (got,) = answered("custom", whole({"tool_calls": [call]}))["choices"][0]["message"]["tool_calls"]
    assert got == {"id": "a", "type": "function", "function": {"name": "f", "arguments": text}}


@pytest.mark.parametrize("id_", [None, "", "null"])
def test_calls_without_an_id_get_one_each(id_):
    calls = [{"id": id_, "function": {"name": "f", "arguments": "{}"}}] * 2
    body = msgspec.json.decode(msgspec.json.encode({"id": "x", **whole({"tool_calls": calls})}))
    first, second = answered("custom", body)["choices"][0]["message"]["tool_calls"]
    assert first["id"].startswith("call_")
    assert first["id"] != second["id"]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "content_filter"),
        ("", "stop"),
        (None, "stop"),
        ("eos", "stop"),
        ("stop_sequence", "stop"),
        ("abort", "stop"),
        ("unheard-of", "stop"),
        ("tool_call", "tool_calls"),
        ("model_length", "length"),
        (7, "stop"),
    ],
)
def test_reason_to_finish_is_one_of_openais(reason, expected):
    assert answered("custom", whole(finish_reason=reason))["choices"][0]["finish_reason"] == expected


@pytest.mark.parametrize("choice", [{"finish_reason": "error"}, {"error": {"message": "boom", "code": 502}}])
def test_answer_that_ended_in_an_error_is_one(choice):
    with pytest.raises(UpstreamError, match="provider 'upstream' answered 50"):
        answered("openrouter", whole(**choice))


def test_what_every_client_expects_is_filled_in():
    answer = answered("custom", whole())
    assert answer["id"].startswith("chatcmpl-")
    assert (answer["object"], answer["model"]) == ("chat.completion", "our-model")
    assert answer["created"] > 0
    assert answer["choices"][0]["index"] == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"<html><title>502</title></html>",
        b'{"choices":[{"message"',
        b"[]",
        b"null",
        b'{"choices":null}',
        b'{"choices":"x"}',
        b'{"choices":[1]}',
        b'{"choices":[],"error":"boom"}',
        b'{"detail":"boom"}',
        b'{"choices":[{"message":{"content":"\xff"}}]}',
        b"[" * 100_000,
        b'{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":1e400}}',
    ],
)
def test_what_is_no_answer_is_the_providers_error(body):
    for type_ in ("custom", "groq", "mistral", "openrouter", "perplexity", "together"):
        with pytest.raises(UpstreamError, match="'upstream'"):
            answered(type_, body)


@pytest.mark.parametrize(
    ("logprobs", "expected"),
    [
        (None, None),
        ({"content": []}, {"content": []}),
        (
            {"tokens": ["H", "i"], "token_logprobs": [-0.5, None], "top_logprobs": [{"H": -0.5}]},
            {
                "content": [
                    {
                        "token": "H",
                        "logprob": -0.5,
                        "bytes": None,
                        "top_logprobs": [{"token": "H", "logprob": -0.5, "bytes": None}],
                    },
                    {"token": "i", "logprob": 0.0, "bytes": None, "top_logprobs": []},
                ]
            },
        ),
    ],
)
def test_older_logprobs_take_the_present_form(logprobs, expected):
    assert answered("together", whole(logprobs=logprobs))["choices"][0]["logprobs"] == expected


@pytest.mark.parametrize("type_", ["custom", "groq", "mistral", "perplexity"])
def test_stream_that_nobody_asked_for_becomes_a_whole_answer(type_):
    answer = ChatCompletion.model_validate(answered(type_, WIRES[type_].stream, head=SSE), strict=True)
    assert answer.choices[0].message.content in ("Hi", "Hi [1]")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == WIRES[type_].stream_usage


def test_calls_of_a_stream_that_nobody_asked_for_are_whole():
    pieces = [
        {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x"'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]},
        {"tool_calls": [{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}}]},
    ]
    body = b"".join(b"data: " + msgspec.json.encode({"choices": [{"delta": piece}]}) + b"\n\n" for piece in pieces)
    body += b'data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}\n\n'
    calls = answered("custom", body, head=SSE)["choices"][0]["message"]["tool_calls"]
    assert [call["function"] for call in calls] == [
        {"name": "f", "arguments": '{"x":1}'},
        {"name": "g", "arguments": "{}"},
    ]


def test_completion_keeps_its_text():
    body = b'{"choices":[{"text":"x","finish_reason":"eos"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}'
    reply, _ = build("together").decode(ask("completion", model="m", prompt="p"), JSON, body)
    answer = msgspec.json.decode(reply.body)
    assert answer["object"] == "text_completion"
    assert answer["choices"] == [{"text": "x", "finish_reason": "stop", "index": 0}]


def test_reasoning_tokens_stand_where_clients_look():
    body = {**whole(), "usage": {"prompt_tokens": 5, "completion_tokens": 7, "reasoning_tokens": 3}}
    reply, usage = build("perplexity").decode(ask(), JSON, msgspec.json.encode(body))
    assert msgspec.json.decode(reply.body)["usage"]["completion_tokens_details"] == {"reasoning_tokens": 3}
    assert usage is not None
    assert usage.reasoning == 3

"""What Cohere answers, whole and in streams, and its embeddings."""

import msgspec
import pytest
from cohere import EmbedByTypeResponse, V2ChatResponse, V2ChatStreamResponse
from pydantic import TypeAdapter

from sluicegate.adapters.providers.cohere.wire import usage_of
from sluicegate.pipeline.errors import InvalidRequest, UpstreamError
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from tests.adapters.providers.cohere.asking import KEY, MODEL, cohere
from tests.conformance.provider_sample import ask, told
from tests.conformance.round_trip import Call, RoundTripConformance, Voices

JSON = UpstreamHead(200, {"content-type": "application/json"})
EVENTS = UpstreamHead(200, {"content-type": "text/event-stream"})
TARGET = Target("co", MODEL)
CITED = {
    "start": 0,
    "end": 2,
    "text": "Hi",
    "content_index": 1,
    "type": "TEXT_CONTENT",
    "sources": [{"type": "document", "id": "d", "document": {"id": "d", "title": "T", "url": "https://e.test"}}],
}
WHOLE = {
    "id": "c14c80c3",
    "finish_reason": "TOOL_CALL",
    "message": {
        "role": "assistant",
        "tool_plan": "I will look it up.",
        "tool_calls": [{"id": "g1", "type": "function", "function": {"name": "get", "arguments": '{"c":"Oslo"}'}}],
        "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hi"}],
        "citations": [CITED],
    },
    "usage": {"billed_units": {"input_tokens": 5}, "tokens": {"input_tokens": 70.0, "output_tokens": 20.0}},
}


def answered(**changes: object) -> tuple[dict, Usage | None]:
    body = {**WHOLE, **changes}
    V2ChatResponse.model_validate(body)
    reply, usage = cohere().decode(ask(), JSON, msgspec.json.encode(body))
    return msgspec.json.decode(reply.body)["choices"][0], usage


def test_answer_is_as_openai_has_it():
    choice, usage = answered()
    message = choice["message"]
    assert (message["content"], message["reasoning_content"]) == ("Hi", "I will look it up.hm")
    assert message["tool_calls"][0]["function"] == {"name": "get", "arguments": '{"c":"Oslo"}'}
    assert message["annotations"][0]["url_citation"]["url"] == "https://e.test"
    assert choice["finish_reason"] == "tool_calls"
    assert usage == Usage(input=70, output=20, unbilled_input=65)


def cite(start: object, end: object, url: str) -> dict:
    return {"start": start, "end": end, "sources": [{"type": "document", "id": "d", "document": {"url": url}}]}


@pytest.mark.parametrize(
    ("cited", "places"),
    [
        ([cite(9, 13, "b"), cite(0, 5, "a")], [("a", 0, 5), ("b", 9, 13)]),
        ([cite(0, 5, "a"), cite(3, 9, "b")], [("a", 0, 13), ("b", 0, 13)]),
        ([cite(0, 99, "a")], [("a", 0, 13)]),
        ([cite(None, 2, "a")], [("a", 0, 13)]),
    ],
)
def test_citations_say_which_stretch_they_are_of(cited, places):
    text = "Grüße an Łódź"
    message = {"role": "assistant", "content": [{"type": "text", "text": text}], "citations": cited}
    reply, _ = cohere().decode(ask(), JSON, msgspec.json.encode({**WHOLE, "message": message}))
    told = msgspec.json.decode(reply.body)["choices"][0]["message"]
    assert told["content"] == text
    found = [one["url_citation"] for one in told["annotations"]]
    assert [(one["url"], one["start_index"], one["end_index"]) for one in found] == places


@pytest.mark.parametrize(
    ("reason", "finish"), [("COMPLETE", "stop"), ("STOP_SEQUENCE", "stop"), ("MAX_TOKENS", "length")]
)
def test_reasons_to_finish(reason, finish):
    choice, _ = answered(
        finish_reason=reason, message={"role": "assistant", "content": [{"type": "text", "text": "x"}]}
    )
    assert choice["finish_reason"] == finish


@pytest.mark.parametrize("reason", ["ERROR", "TIMEOUT"])
def test_failure_with_a_good_status_is_an_upstream_error(reason):
    with pytest.raises(UpstreamError, match=reason):
        answered(finish_reason=reason)


@pytest.mark.parametrize(
    "message",
    [
        {"tool_calls": [{"id": "a", "function": {"name": ""}}]},
        {"tool_calls": [{"id": "a", "function": {"name": "f"}}] * 2},
        {"tool_calls": "text"},
        None,
        "an error",
    ],
)
def test_answer_that_makes_no_sense_is_an_upstream_error(message):
    with pytest.raises(UpstreamError, match="'co'"):
        cohere().decode(ask(), JSON, msgspec.json.encode({**WHOLE, "message": message}))


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "tool-call-delta", "index": 0, "delta": {"message": {"tool_calls": {"function": {"arguments": "{"}}}}},
        {"type": "tool-call-start", "index": 0, "delta": {"message": {"tool_calls": {"id": "", "function": {}}}}},
        {"id": "x"},
        [],
    ],
)
def test_event_that_makes_no_sense_is_an_upstream_error(frame):
    with pytest.raises(UpstreamError, match="'co'"):
        cohere().decoder(ask(stream=True), EVENTS).feed(b"data: " + msgspec.json.encode(frame) + b"\n\n")


def test_whole_answer_in_place_of_a_stream_is_an_upstream_error():
    with pytest.raises(UpstreamError, match="is whole"):
        cohere().decoder(ask(stream=True), JSON)


def test_address_and_key():
    request = cohere().encode(ask(), TARGET)
    assert request.url == "https://api.cohere.com/v2/chat"
    assert dict(request.headers)["authorization"] == f"Bearer {KEY}"
    assert (
        cohere(base_url="http://127.0.0.1:9/v2/").encode(ask(stream=True), TARGET).url == "http://127.0.0.1:9/v2/chat"
    )


def test_embeddings_go_there_and_back():
    exchange = ask("embedding", model="m", input=["a", "b"], dimensions=256, input_type="search_query")
    request = cohere().encode(exchange, TARGET)
    assert request.url.endswith("/v2/embed")
    assert msgspec.json.decode(request.body) == {
        "model": MODEL,
        "texts": ["a", "b"],
        "input_type": "search_query",
        "embedding_types": ["float"],
        "output_dimension": 256,
    }
    body = {
        "response_type": "embeddings_by_type",
        "id": "e",
        "texts": ["a", "b"],
        "embeddings": {"float": [[0.5], [2]]},
        "meta": {"billed_units": {"input_tokens": 2.0}},
    }
    EmbedByTypeResponse.model_validate(body)
    reply, usage = cohere().decode(exchange, JSON, msgspec.json.encode(body))
    assert [one["embedding"] for one in msgspec.json.decode(reply.body)["data"]] == [[0.5], [2.0]]
    assert usage == Usage(input=2)


def test_more_texts_than_it_takes_are_refused_with_the_limit():
    with pytest.raises(InvalidRequest, match="'co' takes 96 texts at a time, not 97"):
        cohere().encode(ask("embedding", model="m", input=["a"] * 97), TARGET)


@pytest.mark.parametrize("body", [b"{}", b'{"embeddings":{}}', b'{"embeddings":{"float":[[1]]}}', b"", b"[]"])
def test_embeddings_that_are_none_are_an_upstream_error(body):
    with pytest.raises(UpstreamError, match="'co'"):
        cohere().decode(ask("embedding", model="m", input=["a", "b"]), JSON, body)


def event(kind: str, **fields: object) -> bytes:
    frame = {"type": kind, **fields}
    TypeAdapter(V2ChatStreamResponse).validate_python(frame)
    return f"event: {kind}\ndata: ".encode() + msgspec.json.encode(frame) + b"\n\n"


def test_plan_thoughts_and_citations_of_a_stream():
    stream = (
        event("message-start", id="c1", delta={"message": {"role": "assistant"}})
        + event("tool-plan-delta", delta={"message": {"tool_plan": "I will"}})
        + event("content-delta", index=0, delta={"message": {"content": {"thinking": " hm"}}})
        + event("content-delta", index=0, delta={"message": {"content": {"text": "Hi"}}})
        + event("citation-start", index=0, delta={"message": {"citations": CITED}})
        + event("citation-end", index=0)
        + event("message-end", id="c1", delta={"finish_reason": "MAX_TOKENS"})
    )
    deltas = [
        msgspec.json.decode(data)["choices"][0]
        for _, data in told(cohere().decoder(ask(stream=True), EVENTS), [stream])
    ]
    assert "".join(one["delta"].get("reasoning_content") or "" for one in deltas) == "I will hm"
    assert [one["delta"]["annotations"] for one in deltas if one["delta"].get("annotations")]
    assert deltas[-1]["finish_reason"] == "length"


def test_logprobs_are_as_openai_has_them():
    pieces = [
        {"text": "Gr", "token_ids": [1], "logprobs": [-0.5]},
        {"text": "ü", "token_ids": [2, 3], "logprobs": [-1, -2]},
    ]
    message = {"role": "assistant", "content": [{"type": "text", "text": "Grü"}]}
    choice, _ = answered(finish_reason="COMPLETE", message=message, logprobs=pieces)
    content = choice["logprobs"]["content"]
    assert [(one["token"], one["logprob"], one["bytes"]) for one in content] == [
        ("Gr", -0.5, [71, 114]),
        ("ü", -3.0, [195, 188]),
    ]
    stream = b"".join(
        event("content-delta", index=0, delta={"message": {"content": {"text": one["text"]}}}, logprobs=one)
        for one in pieces
    ) + event("message-end", id="c1", delta={"finish_reason": "COMPLETE"})
    chunks = told(cohere().decoder(ask(stream=True), EVENTS), [stream])
    choices = [msgspec.json.decode(data)["choices"][0] for _, data in chunks]
    assert [one for choice in choices for one in (choice.get("logprobs") or {}).get("content", ())] == content


def said(body: dict) -> list[tuple]:
    found: list[tuple] = []
    for message in body["messages"]:
        if message["role"] == "tool":
            found.append(("result", message["tool_call_id"], message["content"]))
            continue
        found.append(("text", message.get("tool_plan") or message["content"]))
        for call in message.get("tool_calls", ()):
            function = call["function"]
            found.append(("call", call["id"], function["name"], msgspec.json.decode(function["arguments"])))
    return found


def call_of(call: Call) -> dict:
    function = {"name": call.name, "arguments": msgspec.json.encode(call.arguments).decode()}
    return {"id": call.id, "type": "function", "function": function}


def whole(text: str, calls: list[Call]) -> bytes:
    message = {"content": [{"type": "text", "text": text}], "tool_calls": [call_of(call) for call in calls]}
    return msgspec.json.encode({"id": "c", "finish_reason": "COMPLETE", "message": message})


def stream(text: str, calls: list[Call]) -> bytes:
    found = [event("message-start", id="c1", delta={"message": {"role": "assistant"}})]
    for letter in text:
        found.append(event("content-delta", index=0, delta={"message": {"content": {"text": letter}}}))
    for place, call in enumerate(calls):
        made = call_of(call)
        written = made["function"].pop("arguments")
        made["function"]["arguments"] = ""
        found.append(event("tool-call-start", index=place, delta={"message": {"tool_calls": made}}))
        for letter in written:
            more = {"function": {"arguments": letter}}
            found.append(event("tool-call-delta", index=place, delta={"message": {"tool_calls": more}}))
        found.append(event("tool-call-end", index=place))
    return b"".join(found) + event("message-end", id="c1", delta={"finish_reason": "COMPLETE"})


class TestRoundTrip(RoundTripConformance):
    voices = Voices(cohere(), said, whole, stream)


@pytest.mark.parametrize(
    ("billed", "more", "usage"),
    [
        ({"input_tokens": 5, "output_tokens": 4}, {}, Usage(70, 20, unbilled_input=65, unbilled_output=16)),
        ({"input_tokens": 5.0}, {"cached_tokens": 60}, Usage(70, 20, cached=60, unbilled_input=5)),
        ({"input_tokens": 99, "output_tokens": 99}, {}, Usage(70, 20)),
        ({}, {}, Usage(70, 20)),
        (["input_tokens"], {}, Usage(70, 20)),
        (None, {}, Usage(70, 20)),
    ],
)
def test_tokens_that_are_not_billed_are_told_apart(billed, more, usage):
    counted = {"input_tokens": 70, "output_tokens": 20}
    assert usage_of({"tokens": counted, "billed_units": billed, **more}) == usage

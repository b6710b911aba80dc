"""Claude on Vertex AI. What Claude's own API means is tested with the provider `anthropic`."""

import msgspec
import pytest

from sluicegate.pipeline.errors import InvalidRequest, NotFound, UpstreamBusy, UpstreamError
from sluicegate.pipeline.exchange import Attempt, Exchange, Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import ChunkKind, Usage
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.decode import parse, type_body
from sluicegate.pipeline.token_counters import TokenCounter
from tests.adapters.providers.vertex.accounts import vertex
from tests.conformance.provider_sample import ask, told

TARGET = Target("cloud", "claude-sonnet-4-5")
JSON = UpstreamHead(200, {"content-type": "application/json"})
PLACE = "https://aiplatform.googleapis.com/v1/projects/shop/locations/global/publishers/anthropic/models/"
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 1},
}
FRAMES = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
    {"type": "message_stop"},
]
STREAM = b"".join(b"event: %b\ndata: %b\n\n" % (one["type"].encode(), msgspec.json.encode(one)) for one in FRAMES)


def of(target: Target, media_type: str = "application/json") -> UpstreamHead:
    """Return the head of an answer of a target's."""
    return UpstreamHead(200, {"content-type": media_type}, target)


def said(operation: str = "messages", headers: dict[str, str] | None = None, **fields: object) -> Exchange:
    """Return what a caller of the Messages API asks."""
    given = {"model": "our-model", "messages": [{"role": "user", "content": "Hello"}], **fields}
    body = msgspec.json.encode(given)
    request = Request(operation, body, headers or {}, "anthropic", fields=parse(body), typed=type_body(operation, body))
    return Exchange(request, deadline=600.0, started=0.0)


def test_question_in_another_dialect_is_translated():
    request = vertex().encode(
        ask(max_tokens=256, messages=[{"role": "system", "content": "Be brief"}, {"role": "user", "content": "hi"}]),
        TARGET,
    )
    assert request.url == PLACE + "claude-sonnet-4-5:rawPredict"
    body = msgspec.json.decode(request.body)
    assert (body["anthropic_version"], body["max_tokens"]) == ("vertex-2023-10-16", 256)
    assert not {"model", "stream"} & body.keys()
    assert body["messages"][0]["role"] == "user"


def test_stream_has_a_method_of_its_own():
    request = vertex().encode(ask(stream=True), TARGET)
    assert request.url == PLACE + "claude-sonnet-4-5:streamRawPredict"
    assert msgspec.json.decode(request.body)["stream"] is True
    assert dict(request.headers)["accept"] == "text/event-stream"


def test_what_only_claudes_own_platform_fetches_is_refused():
    image = {"type": "image_url", "image_url": {"url": "https://a.example/x.png"}}
    with pytest.raises(InvalidRequest, match="'cloud'"):
        vertex().encode(ask(messages=[{"role": "user", "content": [image]}]), TARGET)


def test_own_dialect_passes_through():
    exchange = said(headers={"anthropic-beta": "a-1, b-2"}, max_tokens=5, unknown=1.50)
    request = vertex().encode(exchange, TARGET)
    assert request.url == PLACE + "claude-sonnet-4-5:rawPredict"
    assert b'"unknown":1.5' in request.body
    assert msgspec.json.decode(request.body) == {
        "messages": [{"role": "user", "content": "Hello"}],
        "max_tokens": 5,
        "unknown": 1.5,
        "anthropic_beta": ["a-1", "b-2"],
        "anthropic_version": "vertex-2023-10-16",
    }
    body = msgspec.json.encode(MESSAGE)
    reply, usage = vertex().decode(exchange, of(TARGET), body)
    assert (reply.body, usage) == (body, Usage(input=3, output=1))
    streamed = vertex().encode(said(max_tokens=5, stream=True), TARGET)
    assert streamed.url.endswith(":streamRawPredict")


def test_foreign_thoughts_do_not_pass():
    foreign = {"type": "thinking", "thinking": "not Claude's", "signature": ""}
    calls = [{"type": "tool_use", "id": "c", "name": "get", "input": {}}]
    talk = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": [foreign, *calls]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "4C"}]},
    ]
    budget = {"type": "enabled", "budget_tokens": 2000}
    exchange = said(max_tokens=4000, messages=talk, thinking=budget)
    body = msgspec.json.decode(vertex().encode(exchange, TARGET).body)
    assert body["messages"][1]["content"] == calls
    assert "thinking" not in body
    assert exchange.notes["dropped"] == "thinking"


def test_answers_and_streams_reach_callers_of_another_dialect():
    reply, usage = vertex().decode(ask(), of(TARGET), msgspec.json.encode(MESSAGE))
    assert msgspec.json.decode(reply.body)["choices"][0]["message"]["content"] == "Hi"
    assert usage == Usage(input=3, output=1)
    chunks = told(vertex().decoder(ask(stream=True), of(TARGET, "text/event-stream")), [STREAM[:200], STREAM[200:]])
    assert [kind for kind, _ in chunks][-1] is ChunkKind.FINISH


def test_answer_is_read_as_whose_it_is_whoever_was_asked_last():
    exchange = ask()
    exchange.attempts += [Attempt(TARGET, 0.0), Attempt(Target("cloud", "gemini-2.5-pro"), 1.0)]
    reply, _ = vertex().decode(exchange, of(TARGET), msgspec.json.encode(MESSAGE))
    assert msgspec.json.decode(reply.body)["choices"][0]["message"]["content"] == "Hi"
    body = b'{"candidates":[{"content":{"parts":[{"text":"Ho"}]},"finishReason":"STOP"}]}'
    exchange.attempts.reverse()
    reply, _ = vertex().decode(exchange, of(Target("cloud", "gemini-2.5-pro")), body)
    assert msgspec.json.decode(reply.body)["choices"][0]["message"]["content"] == "Ho"


def test_streams_pass_through_event_by_event():
    exchange = said(max_tokens=5, stream=True)
    chunks = told(vertex().decoder(exchange, of(TARGET, "text/event-stream")), [STREAM])
    assert [msgspec.json.decode(data)["type"] for _, data in chunks] == [frame["type"] for frame in FRAMES]


@pytest.mark.parametrize("exchange", [ask(stream=True), said(max_tokens=5, stream=True)])
def test_page_in_place_of_a_stream_is_an_upstream_error(exchange):
    for media_type in ("text/html", "application/json"):
        with pytest.raises(UpstreamError, match="'cloud'"):
            vertex().decoder(exchange, of(TARGET, media_type))


def test_tokens_are_counted_by_the_model_that_is_asked():
    translator = vertex()
    exchange = said("count_tokens")
    assert isinstance(translator, TokenCounter)
    assert translator.counts_tokens(exchange)
    request = translator.encode(exchange, TARGET)
    assert request.url == PLACE + "count-tokens:rawPredict"
    assert msgspec.json.decode(request.body)["model"] == "claude-sonnet-4-5"
    request = translator.encode(exchange, Target("cloud", "gemini-2.5-pro"))
    assert request.url.endswith("/publishers/google/models/gemini-2.5-pro:countTokens")
    assert msgspec.json.decode(request.body) == {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
    reply, usage = translator.decode(exchange, JSON, b'{"totalTokens":7,"totalBillableCharacters":5}')
    assert (reply.body, usage) == (b'{"input_tokens":7}', None)
    reply, usage = translator.decode(exchange, of(TARGET), b'{"input_tokens":8}')
    assert (reply.body, usage) == (b'{"input_tokens":8}', None)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, b'{"type":"error","error":{"type":"not_found_error","message":"no model"}}', NotFound),
        (429, b'{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}', UpstreamBusy),
        (429, b'{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED"}}', UpstreamBusy),
        (529, b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}', UpstreamError),
        (404, b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>", UpstreamError),
    ],
)
def test_errors_come_in_both_words(status, body, kind):
    assert type(vertex().error(UpstreamHead(status, {}), body)) is kind

"""Callers of Anthropic's dialect reach the family, with all that its members want otherwise."""

import json

import msgspec
import pytest
from anthropic.types import Message

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.decode import parse, type_body
from tests.adapters.providers.family.wires import TYPES, WIRES, build
from tests.conformance.provider_sample import told

TARGET = Target("upstream", "their-model")
JSON = UpstreamHead(200, {"content-type": "application/json"})
SSE = UpstreamHead(200, {"content-type": "text/event-stream"})
TOOL = {"name": "get", "description": "d", "input_schema": {"type": "object"}}
LOOP = [
    {"role": "user", "content": "Get it"},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "tool_use", "id": "toolu_01", "name": "get", "input": {"c": 1}},
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "toolu_01", "content": "42"},
            {"type": "text", "text": "And?", "cache_control": {"type": "ephemeral"}},
        ],
    },
]


def message(**fields: object) -> Exchange:
    """Return what a caller asks, as it is when it reaches `call`."""
    asked = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}], **fields}
    body = msgspec.json.encode(asked)
    request = Request("messages", body, dialect="anthropic", fields=parse(body), typed=type_body("messages", body))
    return Exchange(request, deadline=600.0, started=0.0)


def sent(type_: str, exchange: Exchange, **settings: object) -> dict:
    return msgspec.json.decode(build(type_, **settings).encode(exchange, TARGET).body)


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_chat_is_asked_by_the_members_own_names(type_):
    body = sent(type_, message(system="Be brief", stream=True, stop_sequences=["x"]))
    assert body["model"] == "their-model"
    assert body["messages"] == [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Hello"}]
    assert body.get("max_tokens") == (None if type_ == "groq" else 9)
    assert body.get("max_completion_tokens") == (9 if type_ == "groq" else None)
    assert ("stream_options" in body) == (type_ not in ("mistral", "perplexity"))
    assert body["stop"] in (["x"], "x")


@pytest.mark.parametrize("type_", ["azure", "custom", "groq", "mistral", "openrouter", "together"])
def test_loop_of_calls_goes_back_as_the_member_wants_it(type_):
    body = sent(type_, message(messages=LOOP, tools=[TOOL], tool_choice={"type": "any"}))
    assert body["tool_choice"] == ("any" if type_ == "mistral" else "required")
    called = body["messages"][1]
    result = body["messages"][2]
    (call,) = called["tool_calls"]
    assert call["function"] == {"name": "get", "arguments": '{"c":1}'}
    assert call["id"] == result["tool_call_id"]
    assert (len(call["id"]) == 9) == (type_ == "mistral")
    assert (result["role"], result["content"]) == ("tool", "42")
    assert called.get("reasoning") == ("hm" if type_ in ("groq", "openrouter", "together") else None)
    assert "reasoning_content" not in called
    roles = [each["role"] for each in body["messages"]]
    assert roles[3:] == (["assistant", "user"] if type_ == "mistral" else ["user"])


def test_what_a_member_lacks_is_noted_or_refused_for_these_callers_too():
    asked = {"metadata": {"user_id": "u"}}
    exchange = message(**asked)
    assert "user" not in sent("mistral", exchange)
    assert exchange.notes["dropped"] == "user"
    with pytest.raises(InvalidRequest, match="has no user"):
        sent("mistral", message(**asked), strict=True)
    with pytest.raises(InvalidRequest, match="has no tools"):
        sent("perplexity", message(tools=[TOOL]))


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_whole_answer_leaves_as_a_message(type_):
    reply, usage = build(type_).decode(message(), JSON, WIRES[type_].whole)
    body = json.loads(reply.body)
    if type_ == "perplexity":
        assert [cited["url"] for cited in body["content"][0].pop("citations")] == ["https://e.test"]
    answer = Message.model_validate(body)
    assert usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == WIRES[type_].whole_usage
    kinds = [block.type for block in answer.content]
    assert ("thinking" in kinds) == (type_ not in ("azure", "perplexity"))
    assert answer.stop_reason == ("tool_use" if type_ in ("mistral", "together") else "end_turn")


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_stream_leaves_as_events_of_a_message(type_):
    for pieces in ([WIRES[type_].stream], [bytes([byte]) for byte in WIRES[type_].stream]):
        decoder = build(type_).decoder(message(stream=True), SSE)
        events = [json.loads(data) for _, data in told(decoder, pieces)]
        assert [events[0]["type"], events[-1]["type"]] == ["message_start", "message_stop"]
        deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
        assert "".join(delta.get("text", "") for delta in deltas) in ("Hi", "Hi!", "Hi [1]")
        (last,) = [event for event in events if event["type"] == "message_delta"]
        assert last["delta"]["stop_reason"] == "end_turn"
        assert last["usage"]["output_tokens"] == WIRES[type_].stream_usage[1]

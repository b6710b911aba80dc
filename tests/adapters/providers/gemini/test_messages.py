"""Callers of Anthropic's API before Gemini: signatures come back, thoughts have their place, tokens are counted."""

import msgspec
import pytest
from anthropic.types import Message

from sluicegate.pipeline.errors import UpstreamBusy, UpstreamError
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.decode import parse, type_body
from sluicegate.pipeline.token_counters import TokenCounter
from tests.adapters.providers.gemini.asking import check, gemini

TARGET = Target("google", "gemini-3-pro-preview")
JSON = UpstreamHead(200, {"content-type": "application/json"})
TOOL = {"name": "get", "input_schema": {"type": "object", "properties": {"c": {"type": "string"}}}}
QUESTION = {"role": "user", "content": "weather?"}


def said(*messages: dict, operation: str = "messages", **fields: object) -> Exchange:
    """Return what a caller of the Messages API asks."""
    limits = {"max_tokens": 4000} if operation == "messages" else {}
    body = msgspec.json.encode({"model": "m", "messages": list(messages) or [QUESTION], **limits, **fields})
    request = Request(operation, body, {}, "anthropic", fields=parse(body), typed=type_body(operation, body))
    return Exchange(request, deadline=600.0, started=0.0)


def sent(exchange: Exchange) -> dict:
    body = msgspec.json.decode(gemini().encode(exchange, TARGET).body)
    check(body)
    return body


def test_budget_and_choice_are_told():
    body = sent(
        said(thinking={"type": "enabled", "budget_tokens": 2000}, tools=[TOOL], tool_choice={"type": "any"}, top_k=3)
    )
    assert body["generationConfig"]["thinkingConfig"]["thinkingBudget"] == 2000
    assert body["generationConfig"]["topK"] == 3
    assert body["toolConfig"] == {"functionCallingConfig": {"mode": "ANY"}}


def test_signature_of_a_call_survives_the_callers_dialect():
    parts = [
        {"text": "plan", "thought": True},
        {"functionCall": {"id": "c1", "name": "get", "args": {"c": "Köln"}}, "thoughtSignature": "c2ln"},
    ]
    answer = {"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}], "responseId": "r"}
    reply, _ = gemini().decode(said(tools=[TOOL]), JSON, msgspec.json.encode(answer))
    message = Message.model_validate_json(reply.body)
    assert message.stop_reason == "tool_use"
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "4C"}]}
    history = [QUESTION, {"role": "assistant", "content": msgspec.json.decode(reply.body)["content"]}, result]
    contents = sent(said(*history, tools=[TOOL]))["contents"]
    assert contents[1]["parts"] == parts[1:]
    assert contents[2]["parts"][0]["functionResponse"] == {"id": "c1", "name": "get", "response": {"result": "4C"}}


def test_tokens_are_counted_by_the_provider():
    translator = gemini()
    exchange = said(operation="count_tokens", system="Be brief", tools=[TOOL])
    assert isinstance(translator, TokenCounter)
    assert translator.counts_tokens(exchange)
    request = translator.encode(exchange, TARGET)
    assert request.url.endswith("/v1beta/models/gemini-3-pro-preview:countTokens")
    asked = msgspec.json.decode(request.body)["generateContentRequest"]
    assert asked.pop("model") == "models/gemini-3-pro-preview"
    check(asked)
    assert asked["systemInstruction"] == {"parts": [{"text": "Be brief"}]}
    reply, usage = translator.decode(exchange, JSON, b'{"totalTokens":7,"promptTokensDetails":[]}')
    assert (reply.body, usage) == (b'{"input_tokens":7}', None)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"totalTokens":-1}', b'{"totalTokens":"x"}', b"[]", b'{"totalTokens":1']
)
def test_count_that_is_none_is_an_upstream_error(body):
    with pytest.raises(UpstreamError, match="'google'"):
        gemini().decode(said(operation="count_tokens"), JSON, body)


def test_error_in_place_of_a_count_is_that_error():
    with pytest.raises(UpstreamBusy):
        gemini().decode(said(operation="count_tokens"), JSON, b'{"error":{"code":429,"message":"Quota"}}')

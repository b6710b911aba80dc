"""Callers who speak Gemini's API, over Vertex AI."""

import msgspec

from sluicegate.pipeline.exchange import Exchange, Plan, Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.testing import request
from tests.adapters.providers.vertex.accounts import vertex

CONTENTS = [{"role": "user", "parts": [{"text": "Hello"}]}]
GEMINI, CLAUDE = Target("cloud", "gemini-2.5-pro"), Target("cloud", "claude-sonnet-4-5")
JSON = UpstreamHead(200, {"content-type": "application/json"})


def asked(operation: str = "generate", **fields) -> Exchange:
    return Exchange(request(operation, model="p/x", contents=CONTENTS, **fields), deadline=9.0, started=0.0)


def test_googles_own_models_get_the_fields_as_they_came():
    translator = vertex()
    sent = translator.encode(asked(labels={"team": "a"}, tools=[{"googleSearch": {}}]), GEMINI)
    assert sent.url.endswith("/publishers/google/models/gemini-2.5-pro:generateContent")
    assert msgspec.json.decode(sent.body) == {
        "contents": CONTENTS,
        "labels": {"team": "a"},
        "tools": [{"googleSearch": {}}],
    }
    body = b'{"candidates":[{"finishReason":"STOP"}]}'
    assert translator.decode(asked(), JSON, body)[0].body == body
    decoder = translator.decoder(asked(stream=True), UpstreamHead(200, {"content-type": "text/event-stream"}))
    assert [chunk.data for chunk in decoder.feed(b"data: " + body + b"\n\n")] == [body]


def test_claude_is_asked_in_its_own_words():
    translator = vertex()
    exchange = asked()
    sent = translator.encode(exchange, CLAUDE)
    assert msgspec.json.decode(sent.body)["messages"][0]["content"] in ("Hello", [{"type": "text", "text": "Hello"}])
    said = {"id": "m", "type": "message", "role": "assistant", "model": "c", "stop_reason": "end_turn"}
    body = {**said, "content": [{"type": "text", "text": "Hi"}], "usage": {"input_tokens": 1, "output_tokens": 1}}
    reply, _ = translator.decode(exchange, UpstreamHead(200, JSON.headers, CLAUDE), msgspec.json.encode(body))
    assert msgspec.json.decode(reply.body)["candidates"][0]["content"]["parts"] == [{"text": "Hi"}]


def test_tokens_are_counted_by_googles_models_alone():
    translator = vertex()
    exchange = asked("count_generate", toolConfig={})
    exchange.plan = Plan((GEMINI,))
    assert translator.counts_tokens(exchange)
    assert msgspec.json.decode(translator.encode(exchange, GEMINI).body) == {"contents": CONTENTS}
    exchange.plan = Plan((GEMINI, CLAUDE))
    assert not translator.counts_tokens(exchange)

"""The translator for OpenAI's API, for callers of its own dialect and of others."""

import msgspec
import pytest

from sluicegate.adapters.providers.openai import OpenAI, OpenAISettings
from sluicegate.pipeline.errors import InvalidRequest, UnsupportedEndpoint
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.decode import parse, type_body
from tests.adapters.providers.openai.asked import JSON, LOCAL, SSE, delta, framed
from tests.conformance.provider_sample import ask

TARGET = Target("p", "m")
HELLO = [{"role": "user", "content": "Hello"}]
USAGE = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}


def translator(**settings) -> OpenAI:
    return OpenAI("p", OpenAISettings(type="openai", **settings))


def message(operation: str = "messages", **fields: object) -> Exchange:
    """Return what a caller of Anthropic's dialect asks, as it is when it reaches `call`."""
    limit = {"max_tokens": 9} if operation == "messages" else {}
    body = msgspec.json.encode({"model": "our-model", **limit, "messages": HELLO, **fields})
    request = Request(operation, body, dialect="anthropic", fields=parse(body), typed=type_body(operation, body))
    return Exchange(request, deadline=600.0, started=0.0)


def test_caller_of_another_dialect_is_asked_for_in_openais():
    request = translator(base_url=LOCAL).encode(message(system="Be brief"), TARGET)
    assert request.url == f"{LOCAL}/chat/completions"
    assert msgspec.json.decode(request.body) == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief"}, *HELLO],
        "max_tokens": 9,
    }


def test_whole_answer_leaves_in_the_callers_dialect():
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "length"}
    body = msgspec.json.encode({"id": "a1", "model": "theirs", "choices": [choice], "usage": USAGE})
    reply, usage = translator().decode(message(), JSON, body)
    told = msgspec.json.decode(reply.body)
    assert (told["type"], told["content"]) == ("message", [{"type": "text", "text": "Hi"}])
    assert told["stop_reason"] == "max_tokens"
    assert (usage.input, usage.output) == (9, 5)


@pytest.mark.parametrize("streamed", [True, False])
def test_stream_leaves_in_the_callers_dialect_also_where_the_answer_came_whole(streamed):
    if streamed:
        last = {**delta(reason="stop"), "usage": USAGE}
        head, data = SSE, framed(delta(content="Hi"), last)
    else:
        choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
        head, data = JSON, msgspec.json.encode({"id": "a1", "model": "theirs", "choices": [choice], "usage": USAGE})
    decoder = translator().decoder(message(stream=True), head)
    batch = decoder.feed(data)
    if not decoder.done:
        batch += decoder.finish()
    assert [chunk.event for chunk in batch] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert msgspec.json.decode(batch[-2].data)["usage"]["output_tokens"] == 5
    assert (decoder.usage.input, decoder.usage.output) == (9, 5)


def test_what_openai_cannot_be_told_is_noted_and_with_strict_refused():
    exchange = message(top_k=5)
    translator().encode(exchange, TARGET)
    assert exchange.notes["dropped"] == "top_k"
    translator(base_url=LOCAL).encode(exchange, TARGET)
    assert "dropped" not in exchange.notes
    with pytest.raises(InvalidRequest, match="provider 'p' has no top_k"):
        translator(strict=True).encode(message(top_k=5), TARGET)


def test_operation_that_is_no_chat_is_refused():
    with pytest.raises(UnsupportedEndpoint, match="'p' has no operation 'count_tokens'"):
        translator().encode(message("count_tokens"), TARGET)


def test_callers_of_openais_own_dialect_are_asked_for_as_they_wrote():
    exchange = ask(their_field=[1.5], top_k=5)
    translator(strict=True).encode(exchange, TARGET)
    assert exchange.request.chat is None
    assert exchange.notes == {}

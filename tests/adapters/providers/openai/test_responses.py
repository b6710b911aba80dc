"""Who is asked in the Responses API itself, and how its answers are read."""

import json

import msgspec
import pytest

from sluicegate.adapters.providers.azure import Azure
from sluicegate.adapters.providers.azure.translator import AzureSettings
from sluicegate.adapters.providers.groq import Groq
from sluicegate.adapters.providers.openai import OpenAI
from sluicegate.adapters.providers.openai.translator import OpenAISettings
from sluicegate.pipeline.config.sections import HttpProviderSettings
from sluicegate.pipeline.conversation import THOUGHT
from sluicegate.pipeline.errors import GatewayError, StreamInterrupted, UpstreamError
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Chunk, ChunkKind, Usage
from sluicegate.testing import request

TARGET = Target("p", "m")
JSON = UpstreamHead(200, {"content-type": "application/json"})
SSE = UpstreamHead(200, {"content-type": "text/event-stream"})
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "usage": {"input_tokens": 3, "output_tokens": 2, "output_tokens_details": {"reasoning_tokens": 1}},
}
STREAM = "".join(
    f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n"
    for name, fields in [
        ("response.created", {"response": {**RESPONSE, "usage": None}}),
        ("response.output_item.added", {"item": {"type": "message"}}),
        ("response.output_text.delta", {"delta": "Grüße"}),
        ("response.output_item.added", {"item": {"type": "function_call"}}),
        ("response.new_kind", {"more": 1}),
        ("response.completed", {"response": RESPONSE}),
    ]
).encode()
KINDS = [
    ChunkKind.HEAD,
    ChunkKind.HEAD,
    ChunkKind.CONTENT,
    ChunkKind.CONTENT,
    ChunkKind.HEAD,
    ChunkKind.FINISH,
]


def openai(base_url: str = "https://api.openai.com/v1", **settings) -> OpenAI:
    return OpenAI("p", OpenAISettings(type="openai", base_url=base_url, **settings))


def azure(base_url: str, **settings) -> Azure:
    return Azure("p", AzureSettings(type="azure", base_url=base_url, **settings))


def exchange(**fields) -> Exchange:
    asked = request("responses", **{"model": "ours", "input": "Hi", **fields})
    return Exchange(asked, deadline=60.0, started=0.0)


@pytest.mark.parametrize(
    ("translator", "url"),
    [
        (openai(), "https://api.openai.com/v1/responses"),
        (openai(responses=False), "https://api.openai.com/v1/chat/completions"),
        (openai("http://vllm/v1"), "http://vllm/v1/chat/completions"),
        (openai("http://vllm/v1?a=b", responses=True), "http://vllm/v1/responses?a=b"),
        (Groq("p", HttpProviderSettings(type="groq", base_url="http://g/v1")), "http://g/v1/chat/completions"),
        (azure("https://r.openai.azure.com"), "https://r.openai.azure.com/openai/v1/responses"),
        (
            azure("https://r.openai.azure.com", api_version="preview"),
            "https://r.openai.azure.com/openai/v1/responses?api-version=preview",
        ),
        (
            azure("https://r.openai.azure.com", api_version="2024-10-21"),
            "https://r.openai.azure.com/openai/deployments/m/chat/completions?api-version=2024-10-21",
        ),
    ],
)
def test_who_has_the_api_is_asked_in_it(translator, url):
    assert translator.encode(exchange(), TARGET).url == url


def test_only_the_model_is_changed():
    asked = exchange(tools=[{"type": "web_search"}], background=True, odd={"a": 1})
    body = msgspec.json.decode(openai().encode(asked, TARGET).body)
    assert body == {**msgspec.json.decode(asked.request.body), "model": "m"}


def test_thoughts_written_here_do_not_go_to_who_cannot_read_them():
    ours = {"type": "reasoning", "id": f"{THOUGHT}1", "summary": [], "encrypted_content": "signature:c2ln"}
    theirs = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
    said = {"role": "user", "content": f'what is "{THOUGHT}1"?'}
    sent = [openai().encode(exchange(input=given), TARGET) for given in ([ours, theirs, said], f'"{THOUGHT}1"')]
    assert [json.loads(one.body)["input"] for one in sent] == [[theirs, said], f'"{THOUGHT}1"']


@pytest.mark.parametrize("size", [1, 7, 100, 100_000])
def test_events_pass_as_they_came_at_any_boundary(size):
    decoder = openai().decoder(exchange(stream=True), SSE)
    chunks: list[Chunk] = []
    for start in range(0, len(STREAM), size):
        chunks += decoder.feed(STREAM[start : start + size])
    assert decoder.done
    assert decoder.finish() == []
    assert [chunk.kind for chunk in chunks] == KINDS
    told = b"".join(b"event: %b\ndata: %b\n\n" % (chunk.event.encode(), chunk.data) for chunk in chunks)
    assert told == STREAM
    assert decoder.usage == Usage(3, 2, reasoning=1)


def test_an_end_before_the_last_event_is_a_cut():
    decoder = openai().decoder(exchange(stream=True), SSE)
    decoder.feed(STREAM[: STREAM.index(b"event: response.completed")])
    with pytest.raises(StreamInterrupted):
        decoder.finish()


@pytest.mark.parametrize(
    "data",
    [
        b"data: <html>\n\n",
        b"data: []\n\n",
        b'data: {"type":5}\n\n',
        b'data: {"error":{"message":"no"}}\n\n',
        b'data: {"type":"response.completed","response":[]}\n\n',
        b"data: " + b"x" * 5_000_000 + b"\n\n",
        b"data: \xff\xfe\n\n",
    ],
)
def test_what_is_no_event_is_the_providers_fault(data):
    decoder = openai().decoder(exchange(stream=True), SSE)
    with pytest.raises(UpstreamError, match="'p'"):
        decoder.feed(data)


@pytest.mark.parametrize("media_type", ["text/html", "application/json"])
def test_what_is_no_stream_is_the_providers_fault(media_type):
    with pytest.raises(UpstreamError, match="not a stream"):
        openai().decoder(exchange(stream=True), UpstreamHead(200, {"content-type": media_type}))


@pytest.mark.parametrize(
    ("error", "status"), [("rate_limit_exceeded", 429), ("server_error", 502), ("invalid_prompt", 400)]
)
def test_a_response_that_failed_is_an_error(error, status):
    failed = {**RESPONSE, "status": "failed", "error": {"code": error, "message": "it broke"}}
    head = UpstreamHead(200, {"content-type": "application/json"})
    with pytest.raises(GatewayError, match="it broke") as found:
        openai().decode(exchange(), head, json.dumps(failed).encode())
    assert found.value.status == status


def test_searches_are_counted_by_the_items_of_the_output():
    output = [{"type": "web_search_call", "id": "a"}, {"type": "message"}, {"type": "web_search_call"}, 1]
    body = msgspec.json.encode({**RESPONSE, "output": output})
    assert openai().decode(exchange(), JSON, body)[1] == Usage(3, 2, reasoning=1, searches=2)


def test_what_only_speaks_of_a_search_is_none():
    said = {"type": "message", "content": [{"text": 'a "web_search_call"', "type": "web_search_call"}]}
    body = msgspec.json.encode({**RESPONSE, "output": [said]})
    assert openai().decode(exchange(), JSON, body)[1] == Usage(3, 2, reasoning=1)


def test_the_class_of_service_is_told_with_the_usage():
    body = msgspec.json.encode({**RESPONSE, "service_tier": "flex"})
    assert openai().decode(exchange(), JSON, body)[1] == Usage(3, 2, reasoning=1, tier="flex")

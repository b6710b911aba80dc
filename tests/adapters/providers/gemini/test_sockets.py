"""The whole way on real sockets: a client of ours, the gateway, and a server that speaks Gemini's API."""

import msgspec
import pytest

from tests.adapters.http.harness import house
from tests.adapters.providers.gemini.asking import KEY, TOOL, check
from tests.adapters.providers.gemini.test_stream import STUDIO, as_array, event, frames
from tests.upstreams.faulty import FaultyUpstream, Wait

PLAIN = frames(event({"text": "Grüße"}, finishReason="STOP"))[0]


def plain(body: bytes, status: str = "200 OK", media_type: str = "application/json; charset=UTF-8") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def chunked(*pieces: bytes, media_type: str = "text/event-stream") -> list[bytes | Wait]:
    """Return the steps of a streamed answer, each piece in a write of its own."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ntransfer-encoding: chunked\r\n\r\n"
    steps: list[bytes | Wait] = [head.encode()]
    for piece in pieces:
        steps += [b"%x\r\n%b\r\n" % (len(piece), piece), Wait.READ]
    return [*steps, b"0\r\n\r\n"]


def providers(upstream: FaultyUpstream, **settings: object) -> dict:
    return {"google": {"type": "gemini", "api_key": KEY, "base_url": upstream.url, "retry_delay": "0s", **settings}}


async def test_plain_chat_over_sockets():
    upstream = FaultyUpstream([plain(PLAIN)])
    async with upstream.serving(), house(providers=providers(upstream)) as front:
        answer = await front.chat(model="google/gemini-2.5-flash", logit_bias={"1": 1})
        assert answer.status == 200
        assert answer.json["choices"][0]["message"]["content"] == "Grüße"
        (visit,) = upstream.visits
        lines = visit.head.split(b"\r\n")
        assert lines[0] == b"POST /v1/models/gemini-2.5-flash:generateContent HTTP/1.1"
        assert b"x-goog-api-key: " + KEY.encode() in lines
        check(msgspec.json.decode(visit.body))


@pytest.mark.parametrize(
    ("stream", "media_type"), [(STUDIO, "text/event-stream"), (as_array(STUDIO), "application/json")]
)
async def test_stream_over_sockets(stream, media_type):
    pieces = [stream[start : start + 50] for start in range(0, len(stream), 50)]
    upstream = FaultyUpstream(chunked(*pieces, media_type=media_type))
    async with upstream.serving(), house(providers=providers(upstream)) as front:
        options = {"include_usage": True}
        answer = await front.chat(model="google/g", stream=True, stream_options=options, tools=[TOOL])
        assert answer.complete
        *chunks, done = answer.events
        assert done == "[DONE]"
        told = [msgspec.json.decode(chunk) for chunk in chunks]
        assert [choice["finish_reason"] for chunk in told for choice in chunk["choices"]][-1] == "tool_calls"
        assert told[-1]["usage"]["completion_tokens"] == 3
        assert upstream.visits[0].head.startswith(b"POST /v1/models/g:streamGenerateContent?alt=sse ")


async def test_error_of_the_providers_is_tried_again_and_the_callers_is_told():
    busy = plain(b'{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}', "503 Service Unavailable")
    wrong = plain(b'{"error":{"code":400,"message":"topP is wrong","status":"INVALID_ARGUMENT"}}', "400 Bad Request")
    upstream = FaultyUpstream([busy], [plain(PLAIN)], [wrong])
    async with upstream.serving(), house(providers=providers(upstream), cache={"enabled": False}) as front:
        assert (await front.chat(model="google/g")).status == 200
        answer = await front.chat(model="google/g")
        assert (answer.status, answer.json["error"]["message"]) == (400, "topP is wrong")
        assert len(upstream.visits) == 3


async def test_stream_that_is_cut_never_looks_complete():
    upstream = FaultyUpstream(chunked(event({"text": "a"})))
    async with upstream.serving(), house(providers=providers(upstream, max_retries=0)) as front:
        answer = await front.chat(model="google/g", stream=True)
        assert "stream_interrupted" in answer.events[-1]


async def test_embeddings_over_sockets():
    upstream = FaultyUpstream([plain(b'{"embeddings":[{"values":[1,2]},{"values":[3,4]}]}')])
    async with upstream.serving(), house(providers=providers(upstream)) as front:
        answer = await front.ask("POST", "/v1/embeddings", {"model": "google/e", "input": ["a", "b"]})
        assert [entry["embedding"] for entry in answer.json["data"]] == [[1.0, 2.0], [3.0, 4.0]]
        assert upstream.visits[0].head.startswith(b"POST /v1/models/e:batchEmbedContents ")

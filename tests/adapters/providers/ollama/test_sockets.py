"""The whole way on real sockets: OpenAI's own client, the gateway, and a server that speaks Ollama's API."""

import json
from contextlib import asynccontextmanager

import msgspec
import openai
import pytest

from tests.adapters.http.harness import house
from tests.adapters.providers.ollama.asking import check
from tests.upstreams.faulty import LAST_CHUNK, Break, FaultyUpstream, Wait, answer, chunked, head

# The client leaves its own generators to the garbage collector when it has read the last event, and trio says so.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator '(openai|http):ResourceWarning")

LINES = "application/x-ndjson"
HELLO = {"role": "user", "content": "Hello"}
TOOL = {"type": "function", "function": {"name": "get", "parameters": {"type": "object", "properties": {}}}}
STAMP = {"model": "llama3.2", "created_at": "2026-11-22T10:00:00.5Z"}
COUNTS = {"done": True, "done_reason": "stop", "prompt_eval_count": 12, "eval_count": 3}


def line(message: dict, **fields: object) -> bytes:
    """A whole answer, or a line of a stream."""
    frame = {**STAMP, "message": {"role": "assistant", "content": "", **message}, "done": False, **fields}
    return msgspec.json.encode(frame) + b"\n"


def call(city: str) -> dict:
    return {"function": {"name": "get", "arguments": {"city": city}}}


def lines(*told: bytes) -> list:
    """The steps of a stream, whose lines come cut in two."""
    steps: list = [head(media_type=LINES, transfer_encoding="chunked")]
    for one in told:
        steps += [chunked(one[: len(one) // 2]), Wait.READ, chunked(one[len(one) // 2 :])]
    return [*steps, LAST_CHUNK]


@asynccontextmanager
async def asking(upstream: FaultyUpstream, **settings: object):
    """Yield the official client of a gateway before the upstream."""
    async with upstream.serving():
        told = {"type": "ollama", "base_url": upstream.url.removesuffix("/v1"), "retry_delay": "0s", **settings}
        async with (
            house(providers={"local": told}, cache={"enabled": False}) as front,
            openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{front.port}/v1", api_key="any", max_retries=0) as client,
        ):
            yield client


async def test_conversation_with_a_tool_goes_there_and_back():
    called = line({"thinking": "hm", "tool_calls": [call("Łódź"), call("Oslo")]}, **COUNTS)
    upstream = FaultyUpstream(answer(called), answer(line({"content": "4 °C"}, **COUNTS)))
    async with asking(upstream, num_ctx=4096) as client:
        create = client.chat.completions.create
        (choice,) = (await create(model="local/llama3.2", messages=[HELLO], tools=[TOOL])).choices
        assert choice.finish_reason == "tool_calls"
        made = choice.message.tool_calls
        assert [json.loads(one.function.arguments) for one in made] == [{"city": "Łódź"}, {"city": "Oslo"}]
        results = [{"role": "tool", "tool_call_id": one.id, "content": "4"} for one in made]
        turn = choice.message.model_dump(exclude_none=True)
        last = await create(model="local/llama3.2", messages=[HELLO, turn, *results], tools=[TOOL])
        assert last.choices[0].message.content == "4 °C"
        assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (12, 3)
    for visit in upstream.visits:
        assert visit.head.startswith(b"POST /api/chat HTTP/1.1\r\n")
        check(msgspec.json.decode(visit.body))
    body = msgspec.json.decode(upstream.visits[1].body)
    assert (body["stream"], body["options"]) == (False, {"num_ctx": 4096})
    assert [one["role"] for one in body["messages"]] == ["user", "assistant", "tool", "tool"]
    assert [one["tool_name"] for one in body["messages"][2:]] == ["get", "get"]
    assert [one["id"] for one in body["messages"][1]["tool_calls"]] == [one.id for one in made]


async def test_stream_with_tools_is_read_by_the_official_client():
    told = (line({"thinking": "hm"}), line({"content": "Grü"}), line({"content": "ße"}))
    upstream = FaultyUpstream(
        lines(*told, line({"tool_calls": [call("Łódź")]}), line({"tool_calls": [call("Oslo")]}), line({}, **COUNTS))
    )
    async with asking(upstream) as client:
        stream = await client.chat.completions.create(
            model="local/llama3.2",
            messages=[HELLO],
            tools=[TOOL],
            stream=True,
            stream_options={"include_usage": True},
        )
        *chunks, last = [chunk async for chunk in stream]
    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert "".join(delta.content or "" for delta in deltas) == "Grüße"
    arguments = ["", ""]
    for made in (made for delta in deltas for made in delta.tool_calls or ()):
        arguments[made.index] += made.function.arguments or ""
    assert [json.loads(text) for text in arguments] == [{"city": "Łódź"}, {"city": "Oslo"}]
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (12, 3)
    assert msgspec.json.decode(upstream.visits[0].body)["stream"] is True


async def test_full_queue_is_asked_again_and_a_missing_model_is_the_callers():
    full = b'{"error":"server busy, please try again.  maximum pending requests exceeded"}'
    missing = b'{"error":"model \'llama3.2\' not found"}'
    upstream = FaultyUpstream(answer(full, 503), answer(line({"content": "Hi"}, **COUNTS)), answer(missing, 404))
    async with asking(upstream) as client:
        whole = await client.chat.completions.create(model="local/llama3.2", messages=[HELLO])
        assert whole.choices[0].message.content == "Hi"
        with pytest.raises(openai.NotFoundError, match="not found"):
            await client.chat.completions.create(model="local/llama3.2", messages=[HELLO])
    assert len(upstream.visits) == 3


@pytest.mark.parametrize("end", [[Break.FIN], [Wait.READ, chunked(b'{"error":"runner crashed"}\n'), LAST_CHUNK]])
async def test_stream_that_fails_never_looks_complete(end):
    steps = lines(line({"content": "a"}))[:-1]
    async with asking(FaultyUpstream([*steps, *end]), max_retries=0) as client:
        stream = await client.chat.completions.create(model="local/llama3.2", messages=[HELLO], stream=True)
        with pytest.raises(openai.APIError):
            async for _ in stream:
                pass


async def test_embeddings_come_in_the_clients_own_encoding():
    told = b'{"model":"nomic","embeddings":[[0.5,1],[2,3]],"prompt_eval_count":2}'
    upstream = FaultyUpstream(answer(told))
    async with asking(upstream) as client:
        found = await client.embeddings.create(model="local/nomic", input=["a", "b"])
        assert [one.embedding for one in found.data] == [[0.5, 1.0], [2.0, 3.0]]
        assert found.usage.prompt_tokens == 2
        with pytest.raises(openai.BadRequestError, match="tokens"):
            await client.embeddings.create(model="local/nomic", input=[1, 2])
    assert upstream.visits[0].head.startswith(b"POST /api/embed ")

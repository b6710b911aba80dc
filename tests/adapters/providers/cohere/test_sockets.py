"""The whole way on real sockets: OpenAI's own client, the gateway, and a server that speaks Cohere's API."""

import json
from contextlib import asynccontextmanager

import msgspec
import openai
import pytest

from tests.adapters.http.harness import house
from tests.adapters.providers.cohere.asking import KEY, check
from tests.adapters.providers.cohere.test_answer import event
from tests.upstreams.faulty import Break, FaultyUpstream, Wait, answer, stream

# The client leaves its own generators to the garbage collector when it has read the last event, and trio says so.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator '(openai|http):ResourceWarning")

HELLO = {"role": "user", "content": "Hello"}
TOOL = {"type": "function", "function": {"name": "get", "parameters": {"type": "object", "properties": {}}}}
USAGE = {"tokens": {"input_tokens": 70, "output_tokens": 4}}
TEXT = {"role": "assistant", "content": [{"type": "text", "text": "4 °C"}]}


def call(id_: str, arguments: str) -> dict:
    return {"id": id_, "type": "function", "function": {"name": "get", "arguments": arguments}}


def whole(reason: str, message: dict) -> bytes:
    return msgspec.json.encode({"id": "c1", "finish_reason": reason, "message": message, "usage": USAGE})


def more(kind: str, index: int = 0, **message: object) -> bytes:
    return event(kind, index=index, delta={"message": message})


def parts(streamed: bytes) -> list:
    """The pieces of a stream, cut without regard to its events."""
    return [step for at in range(0, len(streamed), 97) for step in (streamed[at : at + 97], Wait.READ)]


BEGIN = event("message-start", id="c1", delta={"message": {"role": "assistant"}})
END = event("message-end", id="c1", delta={"finish_reason": "TOOL_CALL", "usage": USAGE})
WITH_TOOLS = b"".join(
    (
        BEGIN,
        more("tool-plan-delta", tool_plan="I will look at "),
        more("tool-plan-delta", tool_plan="Łódź."),
        more("tool-call-start", tool_calls=call("get_1", "")),
        more("tool-call-delta", tool_calls={"function": {"arguments": '{"city":'}}),
        more("tool-call-delta", tool_calls={"function": {"arguments": '"Łódź"}'}}),
        event("tool-call-end", index=0),
        more("tool-call-start", index=1, tool_calls=call("get_2", '{"city":"Oslo"}')),
        event("tool-call-end", index=1),
        END,
    )
)


@asynccontextmanager
async def asking(upstream: FaultyUpstream, **settings: object):
    """Yield the official client of a gateway before the upstream."""
    async with upstream.serving():
        root = upstream.url.removesuffix("/v1")
        told = {"type": "cohere", "base_url": root, "api_key": KEY, "retry_delay": "0s", **settings}
        async with (
            house(providers={"co": told}, cache={"enabled": False}) as front,
            openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{front.port}/v1", api_key="any", max_retries=0) as client,
        ):
            yield client


async def test_conversation_with_a_tool_goes_there_and_back():
    calls = [call("get_1", '{"city":"Łódź"}'), call("get_2", "{}")]
    called = whole("TOOL_CALL", {"role": "assistant", "tool_plan": "I look.", "tool_calls": calls})
    upstream = FaultyUpstream(answer(called), answer(whole("COMPLETE", TEXT)))
    async with asking(upstream) as client:
        create = client.chat.completions.create
        (choice,) = (await create(model="co/command-a", messages=[HELLO], tools=[TOOL])).choices
        assert (choice.finish_reason, choice.message.reasoning_content) == ("tool_calls", "I look.")
        assert [one.id for one in choice.message.tool_calls] == ["get_1", "get_2"]
        results = [{"role": "tool", "tool_call_id": one.id, "content": "4"} for one in choice.message.tool_calls]
        turn = choice.message.model_dump(exclude_none=True)
        last = await create(model="co/command-a", messages=[HELLO, turn, *results], tools=[TOOL])
        assert (last.choices[0].message.content, last.choices[0].finish_reason) == ("4 °C", "stop")
        assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (70, 4)
    for visit in upstream.visits:
        assert visit.head.startswith(b"POST /v2/chat HTTP/1.1\r\n")
        assert b"authorization: Bearer " + KEY.encode() in visit.head
        check(msgspec.json.decode(visit.body))
    said = msgspec.json.decode(upstream.visits[1].body)["messages"]
    assert [one["role"] for one in said] == ["user", "assistant", "tool", "tool"]
    assert said[1]["tool_calls"] == calls


async def test_stream_with_tools_is_read_by_the_official_client():
    upstream = FaultyUpstream(stream(*parts(WITH_TOOLS)))
    async with asking(upstream) as client:
        told = await client.chat.completions.create(
            model="co/command-a", messages=[HELLO], tools=[TOOL], stream=True, stream_options={"include_usage": True}
        )
        *chunks, last = [chunk async for chunk in told]
    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == "I will look at Łódź."
    ids, arguments = ["", ""], ["", ""]
    for made in (made for delta in deltas for made in delta.tool_calls or ()):
        ids[made.index] += made.id or ""
        arguments[made.index] += made.function.arguments or ""
    assert ids == ["get_1", "get_2"]
    assert [json.loads(text) for text in arguments] == [{"city": "Łódź"}, {"city": "Oslo"}]
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (70, 4)
    assert msgspec.json.decode(upstream.visits[0].body)["stream"] is True


async def test_busy_provider_is_asked_again_and_what_is_wrong_is_told():
    upstream = FaultyUpstream(
        answer(b'{"message":"slow down"}', 429, retry_after_ms="1"),
        answer(whole("COMPLETE", TEXT)),
        answer(b'{"message":"too many tokens: the limit is 8192"}', 400),
    )
    async with asking(upstream) as client:
        ok = await client.chat.completions.create(model="co/command-a", messages=[HELLO])
        assert ok.choices[0].message.content == "4 °C"
        with pytest.raises(openai.BadRequestError, match="too many tokens") as caught:
            await client.chat.completions.create(model="co/command-a", messages=[HELLO])
        assert caught.value.code == "context_length_exceeded"
    assert len(upstream.visits) == 3


@pytest.mark.parametrize(
    "end", [(Break.FIN,), (event("message-end", delta={"finish_reason": "ERROR", "error": "it failed"}),)]
)
async def test_stream_that_fails_never_looks_complete(end):
    begun = BEGIN + more("content-delta", content={"text": "a"})
    upstream = FaultyUpstream(stream(begun, Wait.READ, *end, ends=end[0] is not Break.FIN))
    async with asking(upstream, max_retries=0) as client:
        told = await client.chat.completions.create(model="co/command-a", messages=[HELLO], stream=True)
        with pytest.raises(openai.APIError):
            async for _ in told:
                pass


async def test_embeddings_come_in_the_clients_own_encoding():
    body = b'{"id":"e","embeddings":{"float":[[0.5,1],[2,3]]},"meta":{"billed_units":{"input_tokens":2}}}'
    upstream = FaultyUpstream(answer(body))
    async with asking(upstream) as client:
        found = await client.embeddings.create(model="co/embed-v4.0", input=["a", "b"])
        assert [one.embedding for one in found.data] == [[0.5, 1.0], [2.0, 3.0]]
        assert found.usage.prompt_tokens == 2
        with pytest.raises(openai.BadRequestError, match="tokens"):
            await client.embeddings.create(model="co/embed-v4.0", input=[1, 2])
    assert upstream.visits[0].head.startswith(b"POST /v2/embed ")

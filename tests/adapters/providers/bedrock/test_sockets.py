"""The official clients of both dialects before a gateway before a Bedrock, all on real sockets."""

import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import anthropic
import msgspec
import openai
import pytest
import trio

from tests.adapters.http.harness import house
from tests.adapters.providers.bedrock.asking import CLAUDE, check
from tests.adapters.providers.bedrock.examples import EXAMPLE, SENT, WHOLE
from tests.adapters.providers.bedrock.frames import message
from tests.adapters.providers.bedrock.test_errors import SIGNED
from tests.adapters.providers.bedrock.test_sigv4 import botocores
from tests.adapters.providers.gemini.test_sockets import chunked, plain
from tests.upstreams.faulty import Break, FaultyUpstream

# The clients leave their own generators to the garbage collector when they have read the end, and trio says so.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator '(openai|anthropic|http):ResourceWarning")

EVENT_STREAM = "application/vnd.amazon.eventstream"
MODEL = f"aws/{CLAUDE}"
HELLO = [{"role": "user", "content": "Grüß dich"}]
SCHEMA = {"type": "object", "properties": {"c": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "get", "parameters": SCHEMA}}
OWN_TOOL = {"name": "get", "input_schema": SCHEMA}
SAID = {
    **WHOLE,
    "output": {"message": {"role": "assistant", "content": [{"text": "You said: 4C"}]}},
    "stopReason": "end_turn",
}
THROTTLED = message("throttlingException", {"message": "Too many tokens, please wait"}, exception=True)


def streamed(sent: bytes, size: int = 61) -> list:
    return chunked(*(sent[at : at + size] for at in range(0, len(sent), size)), media_type=EVENT_STREAM)


@asynccontextmanager
async def gateway(*scripts, **settings):
    """Yield the address of a gateway with a Bedrock that gives these answers, and the Bedrock."""
    upstream = FaultyUpstream(*scripts)
    async with upstream.serving():
        given = {"type": "bedrock", "base_url": upstream.url, "max_retries": 0, **SIGNED, **settings}
        sim = {"type": "simulator", "first_token": "1ms", "tokens_per_second": 5000}
        models = {"safe": {"targets": [MODEL, "sim/any"]}}
        async with house(providers={"aws": given, "sim": sim}, models=models) as running:
            yield f"http://127.0.0.1:{running.port}", upstream


def openai_client(url):
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)


def anthropic_client(url):
    return anthropic.AsyncAnthropic(base_url=url, api_key="any", max_retries=0)


def asked(upstream, index=0):
    """Return the body of a request, once its path and signature are checked."""
    visit = upstream.visits[index]
    first, *lines = visit.head.decode().split("\r\n")
    path = first.split(" ")[1]
    headers = dict(line.split(": ", 1) for line in lines)
    body = msgspec.json.decode(visit.body)
    assert path.removesuffix("-stream") == "/v1" + check(body)
    names = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"host", "x-amz-date", "x-amz-security-token", "content-type"} == set(names)
    root = upstream.url.removesuffix("/v1")
    given = tuple((name, headers[name]) for name in ("content-type",))
    at = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    expected = botocores(
        "POST",
        root + path,
        given,
        visit.body,
        SIGNED["access_key_id"],
        SIGNED["secret_access_key"],
        SIGNED["session_token"],
        "us-east-1",
        at,
    )
    assert headers["authorization"] == expected["authorization"]
    assert headers["host"] == root.removeprefix("http://")
    return body


async def test_openais_client_has_tools_called_and_goes_on_with_thoughts_kept():
    scripts = [[plain(msgspec.json.encode(WHOLE))], [plain(msgspec.json.encode(SAID))]]
    async with gateway(*scripts) as (url, upstream), openai_client(url) as client:
        told = {"model": MODEL, "tools": [TOOL], "reasoning_effort": "low"}
        first = (await client.chat.completions.create(messages=HELLO, **told)).choices[0]
        (call,) = first.message.tool_calls
        assert (first.finish_reason, json.loads(call.function.arguments)) == ("tool_calls", {"c": "Oslo"})
        said = first.message.model_dump(exclude_none=True)
        result = {"role": "tool", "tool_call_id": call.id, "content": "4C"}
        second = await client.chat.completions.create(messages=[*HELLO, said, result], **told)
        assert second.choices[0].message.content == "You said: 4C"
        assert (second.usage.prompt_tokens, second.usage.completion_tokens) == (15, 5)
        assert asked(upstream)["messages"] == [{"role": "user", "content": [{"text": "Grüß dich"}]}]
        back = asked(upstream, 1)["messages"]
        assert back[1]["content"][:2] == WHOLE["output"]["message"]["content"][:2]
        assert back[1]["content"][-1] == WHOLE["output"]["message"]["content"][-1]
        assert back[2]["content"] == [{"toolResult": {"toolUseId": call.id, "content": [{"text": "4C"}]}}]


async def test_openais_client_reads_a_stream():
    async with gateway(streamed(SENT)) as (url, upstream), openai_client(url) as client:
        options = {"stream": True, "stream_options": {"include_usage": True}}
        answer = await client.chat.completions.create(model=MODEL, messages=HELLO, tools=[TOOL], **options)
        chunks = [chunk async for chunk in answer]
        deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
        assert "".join(delta.content or "" for delta in deltas) == "Grüße"
        assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == "hm"
        pieces = [call for delta in deltas for call in delta.tool_calls or []]
        assert [(one.index, one.id, one.function.name) for one in pieces if one.id] == [
            (0, "t1", "get"),
            (1, "t2", "now"),
        ]
        told = "".join(one.function.arguments or "" for one in pieces if one.index == 0)
        assert json.loads(told) == {"c": "Oslo"}
        assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "tool_calls"
        assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.prompt_tokens_details.cached_tokens) == (15, 2)
        assert asked(upstream)["toolConfig"]["tools"]
        assert b"/converse-stream HTTP/1.1" in upstream.visits[0].head


async def test_anthropics_client_reads_a_stream_and_goes_on():
    scripts = [streamed(SENT), [plain(msgspec.json.encode(SAID))]]
    async with gateway(*scripts) as (url, upstream), anthropic_client(url) as client:
        told = {"model": MODEL, "max_tokens": 9000, "tools": [OWN_TOOL, {**OWN_TOOL, "name": "now"}]}
        thinking = {"type": "enabled", "budget_tokens": 2000}
        async with client.messages.stream(messages=HELLO, thinking=thinking, **told) as stream:
            first = await stream.get_final_message()
        assert [block.type for block in first.content] == [
            "thinking",
            "redacted_thinking",
            "text",
            "tool_use",
            "tool_use",
        ]
        assert first.content[0].signature == "c2ln"
        assert first.content[3].input == {"c": "Oslo"}
        assert first.content[4].input == {}
        assert (first.stop_reason, first.usage.cache_read_input_tokens) == ("tool_use", 2)
        results = [{"type": "tool_result", "tool_use_id": one, "content": "4C"} for one in ("t1", "t2")]
        said = [*HELLO, {"role": "assistant", "content": first.content}, {"role": "user", "content": results}]
        second = await client.messages.create(messages=said, thinking=thinking, **told)
        assert second.content[0].text == "You said: 4C"
        assert asked(upstream)["additionalModelRequestFields"] == {"thinking": thinking}
        back = asked(upstream, 1)["messages"][1]["content"]
        assert back[0] == {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}}
        assert back[1] == {"reasoningContent": {"redactedContent": "AAEC"}}


async def test_what_is_dropped_stands_in_a_header():
    async with gateway([plain(msgspec.json.encode(SAID))]) as (url, _), openai_client(url) as client:
        raw = await client.chat.completions.with_raw_response.create(model=MODEL, messages=HELLO, seed=1)
        assert raw.headers["x-sluicegate-dropped"] == "seed"


async def test_throttling_is_told_and_another_target_stands_in():
    busy = plain(b'{"message":"Too many requests"}', "429 Too Many\r\nx-amzn-errortype: ThrottlingException:http://x/")
    async with gateway([busy], [busy]) as (url, _), openai_client(url) as client:
        with pytest.raises(openai.RateLimitError, match=r"'aws'.*Too many requests") as caught:
            await client.chat.completions.create(model=MODEL, messages=HELLO)
        assert not any(secret and secret in str(caught.value) for secret in SIGNED.values())
        assert (await client.chat.completions.create(model="safe", messages=HELLO)).choices[0].message.content


async def test_exception_before_content_is_stood_in_for_and_one_behind_it_is_told():
    begun = b"".join(message(kind, payload) for kind, payload in EXAMPLE[:9])
    first = message(*EXAMPLE[0])
    async with (
        gateway(streamed(first + THROTTLED), streamed(begun + THROTTLED)) as (url, _),
        openai_client(url) as client,
    ):
        answer = await client.chat.completions.create(model="safe", messages=HELLO, stream=True)
        texts = [chunk.choices[0].delta.content or "" async for chunk in answer if chunk.choices]
        assert "You said" in "".join(texts)
        answer = await client.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
        with pytest.raises(openai.APIError, match="Too many tokens"):
            async for _ in answer:
                pass


async def test_stream_that_is_cut_is_no_clean_end():
    cut = [*streamed(SENT[:400])[:-1], Break.FIN]
    async with gateway(cut) as (url, _), anthropic_client(url) as client:
        with pytest.raises(anthropic.APIError), trio.fail_after(5):
            async with client.messages.stream(model=MODEL, max_tokens=9, messages=HELLO) as stream:
                await stream.get_final_message()


async def test_embeddings_over_sockets():
    body = b'{"embedding":[0.5,1],"inputTextTokenCount":3}'
    async with gateway([plain(body)]) as (url, upstream), openai_client(url) as client:
        found = await client.embeddings.create(model="aws/amazon.titan-embed-text-v2:0", input="a")
        assert (found.data[0].embedding, found.usage.prompt_tokens) == ([0.5, 1.0], 3)
        assert upstream.visits[0].head.startswith(b"POST /v1/model/amazon.titan-embed-text-v2%3A0/invoke HTTP/1.1\r\n")

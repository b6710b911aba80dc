"""The official clients of both dialects before a gateway before an Anthropic, all on real sockets."""

import json
from contextlib import asynccontextmanager

import anthropic
import openai
import pytest

from sluicegate.adapters.dialects.anthropic.sealed import sealed
from tests.adapters.http.harness import house
from tests.upstreams.claude import KEY, FakeClaude

# The clients leave their own generators to the garbage collector when they have read the end, and trio says so.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator '(openai|anthropic|http):ResourceWarning")

CALLERS_KEY = "the-key-of-the-tests"
HELLO = [{"role": "user", "content": "Grüß dich"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
OWN_TOOL = {"name": "weather", "input_schema": SCHEMA}
MODEL = "claude/claude-opus-5"


@asynccontextmanager
async def gateway(**settings):
    """Yield the port of a gateway that has a Claude, and a simulator behind it, and the Claude."""
    async with FakeClaude().serving() as claude:
        providers = {
            "claude": {"type": "anthropic", "api_key": KEY, "base_url": claude.url, "max_retries": 0, **settings},
            "sim": {"type": "simulator", "first_token": "1ms", "tokens_per_second": 5000},
        }
        models = {
            "busy": {"targets": ["claude/claude-busy", "sim/any"]},
            "cut": {"targets": ["claude/claude-cut", "sim/any"]},
        }
        auth = {"api_keys": [{"key": CALLERS_KEY, "name": "tests"}]}
        async with house(providers=providers, models=models, auth=auth) as running:
            yield f"http://127.0.0.1:{running.port}", claude


def openai_client(url):
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=CALLERS_KEY, max_retries=0)


def anthropic_client(url):
    return anthropic.AsyncAnthropic(base_url=url, api_key=CALLERS_KEY, max_retries=0)


async def test_openais_client_is_answered():
    async with gateway() as (url, claude), openai_client(url) as client:
        reply = await client.chat.completions.create(model=MODEL, messages=HELLO)
        assert reply.choices[0].message.content == "You said: Grüß dich"
        assert reply.choices[0].finish_reason == "stop"
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (14, 20)
        assert reply.usage.prompt_tokens_details.cached_tokens == 4
        ((path, headers, _),) = claude.asked
        assert path == "/v1/messages"
        assert headers["x-api-key"] == KEY
        assert CALLERS_KEY not in str(headers)


@pytest.mark.parametrize("model", ["claude-opus-5", "claude-sonnet-4-5"])
async def test_openais_client_has_a_tool_called_with_thoughts_before_it(model):
    asked = {"model": f"claude/{model}", "tools": [TOOL], "reasoning_effort": "low"}
    async with gateway() as (url, claude), openai_client(url) as client:
        first = (await client.chat.completions.create(messages=HELLO, **asked)).choices[0]
        (call,) = first.message.tool_calls
        assert (first.finish_reason, json.loads(call.function.arguments)) == ("tool_calls", {"city": "Tromsø"})
        said = first.message.model_dump(exclude_none=True)
        result = {"role": "tool", "tool_call_id": call.id, "content": "4C"}
        second = await client.chat.completions.create(messages=[*HELLO, said, result], **asked)
        assert second.choices[0].message.content == "You said: 4C"
        answered = claude.asked[1][2]["messages"][1]["content"]
        assert answered[0] == {"type": "thinking", "thinking": "hm", "signature": "sig=="}
        assert answered[1] == {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Tromsø"}}


async def test_openais_client_reads_a_stream():
    async with gateway() as (url, _), openai_client(url) as client:
        options = {"stream": True, "stream_options": {"include_usage": True}}
        chunks = [
            chunk
            async for chunk in await client.chat.completions.create(
                model=MODEL, messages=HELLO, tools=[TOOL], reasoning_effort="high", **options
            )
        ]
        deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
        pieces = [call for delta in deltas for call in delta.tool_calls or []]
        assert (pieces[0].id, pieces[0].function.name) == ("toolu_1", "weather")
        assert json.loads("".join(piece.function.arguments or "" for piece in pieces)) == {"city": "Tromsø"}
        assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == "hm"
        assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "tool_calls"
        assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (14, 20)


async def test_anthropics_client_passes_through():
    async with gateway() as (url, claude), anthropic_client(url) as client:
        beta = {"anthropic-beta": "some-beta-2026-01-01"}
        own = {"thinking": {"type": "adaptive"}, "max_tokens": 99, "extra_headers": beta}
        reply = await client.messages.create(model=MODEL, messages=HELLO, tools=[OWN_TOOL], **own)
        assert [block.type for block in reply.content] == ["thinking", "tool_use"]
        assert reply.content[0].signature == "sig=="
        path, headers, body = claude.asked[0]
        assert path == "/v1/messages"
        assert body == {
            "model": "claude-opus-5",
            "max_tokens": 99,
            "messages": HELLO,
            "tools": [OWN_TOOL],
            "thinking": {"type": "adaptive"},
        }
        assert headers["anthropic-beta"] == "some-beta-2026-01-01"
        assert headers["anthropic-version"] == "2026-10-21"
        assert CALLERS_KEY not in str(headers)


async def test_anthropics_client_reads_a_passing_stream():
    async with gateway() as (url, _), anthropic_client(url) as client:
        asked = {"model": MODEL, "max_tokens": 99, "messages": HELLO, "thinking": {"type": "adaptive"}}
        async with client.messages.stream(**asked) as stream:
            message = await stream.get_final_message()
        assert [block.type for block in message.content] == ["thinking", "text"]
        assert message.content[1].text == "You said: Grüß dich"
        assert message.stop_reason == "end_turn"
        assert (message.usage.input_tokens, message.usage.output_tokens) == (10, 20)


async def test_anthropics_client_goes_on_here_with_what_another_provider_has_answered():
    foreign = [
        {"type": "thinking", "thinking": "not Claude's", "signature": ""},
        {"type": "redacted_thinking", "data": sealed("of a call")},
        {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Oslo"}},
    ]
    result = [{"type": "tool_result", "tool_use_id": "call_1", "content": "4C"}]
    said = [*HELLO, {"role": "assistant", "content": foreign}, {"role": "user", "content": result}]
    async with gateway() as (url, claude), anthropic_client(url) as client:
        told = {"model": "claude/claude-sonnet-4-5", "max_tokens": 4000, "tools": [OWN_TOOL], "messages": said}
        thinking = {"type": "enabled", "budget_tokens": 2000}
        raw = await client.messages.with_raw_response.create(thinking=thinking, **told)
        assert raw.headers["x-sluicegate-dropped"] == "thinking"
        assert (await raw.parse()).content[0].text == "You said: 4C"
        ((_, _, body),) = claude.asked
        assert body["messages"] == [*HELLO, {"role": "assistant", "content": foreign[2:]}, said[2]]
        assert "thinking" not in body


async def test_anthropics_client_has_its_tokens_counted():
    async with gateway() as (url, claude), anthropic_client(url) as client:
        assert (await client.messages.count_tokens(model=MODEL, messages=HELLO)).input_tokens == 14
        assert claude.asked[0][0] == "/v1/messages/count_tokens"


async def test_an_overloaded_claude_is_told_or_stood_in_for():
    async with gateway() as (url, claude), openai_client(url) as client:
        with pytest.raises(openai.APIStatusError, match="Overloaded") as caught:
            await client.chat.completions.create(model="claude/claude-busy", messages=HELLO)
        assert (caught.value.status_code, caught.value.code) == (503, "overloaded")
        assert (await client.chat.completions.create(model="busy", messages=HELLO)).choices[0].message.content
        assert len(claude.asked) == 2


@pytest.mark.parametrize("model", ["cut", "claude/claude-fails"])
async def test_a_stream_that_breaks_behind_its_content_never_ends_well(model):
    async def read():
        async for chunk in await client.chat.completions.create(model=model, messages=HELLO, stream=True):
            deltas.append(chunk.choices[0].delta.content or "")
            assert chunk.choices[0].finish_reason is None

    deltas = []
    async with gateway() as (url, _), openai_client(url) as client:
        with pytest.raises(openai.APIError):
            await read()
        assert "".join(deltas) == "You said: Grüß dich"


@pytest.mark.parametrize("model", ["cut", "claude/claude-fails"])
async def test_a_passing_stream_that_breaks_behind_its_content_never_ends_well(model):
    async def read():
        async for event in await client.messages.create(model=model, max_tokens=9, messages=HELLO, stream=True):
            events.append(event.type)

    events = []
    async with gateway() as (url, _), anthropic_client(url) as client:
        with pytest.raises(anthropic.APIStatusError):
            await read()
        assert events[-1] == "content_block_delta"


async def test_a_wrong_key_is_the_gateways_own_trouble():
    async with gateway(api_key="sk-ant-wrong-0123456789") as (url, _), openai_client(url) as client:
        with pytest.raises(openai.APIStatusError) as caught:
            await client.chat.completions.create(model=MODEL, messages=HELLO)
        assert (caught.value.status_code, caught.value.code) == (502, "upstream_auth_error")
        assert "sk-ant" not in str(caught.value)


async def test_what_is_dropped_is_told():
    async with gateway(auth="bearer", version="2026-10-21") as (url, claude), openai_client(url) as client:
        raw = await client.chat.completions.with_raw_response.create(
            model="claude/claude-sonnet-4-5", messages=HELLO, temperature=0.3, seed=7
        )
        assert set(raw.headers["x-sluicegate-dropped"].split(", ")) == {"temperature", "seed"}
        assert claude.asked[0][1]["authorization"] == f"Bearer {KEY}"

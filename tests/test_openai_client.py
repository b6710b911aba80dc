"""The official client, asynchronous and synchronous, against a gateway on a real socket."""

import json
from contextlib import asynccontextmanager

import openai
import pytest
import trio

from tests.adapters.http.harness import house

# The client leaves its own generators to the garbage collector when it has read `[DONE]`, and trio says so.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator '(openai|http):ResourceWarning")

KEYS = [
    {"key": "the-key-of-the-tests", "name": "tests"},
    {"key": "the-key-of-a-guest", "name": "guest", "allowed_models": ["sim/only"]},
]
HELLO = [{"role": "user", "content": "Hello"}]
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@asynccontextmanager
async def gateway(*, retries=0, key="the-key-of-the-tests", simulator=(), **sections):
    """Yield a client of a running gateway whose simulator has these settings, and the gateway."""
    fast = {"first_token": "1ms", "tokens_per_second": 5000, "max_retries": 0}
    provider = {"type": "simulator", **fast, **dict(simulator)}
    async with house(providers={"sim": provider}, auth={"api_keys": KEYS}, **sections) as running:
        url = f"http://127.0.0.1:{running.port}/v1"
        async with openai.AsyncOpenAI(base_url=url, api_key=key, max_retries=retries) as client:
            yield client, running


async def test_a_chat_is_a_completion_with_usage_and_a_request_id():
    async with gateway() as (client, _):
        reply = await client.chat.completions.create(model="sim/any", messages=HELLO)
        assert reply.choices[0].message.role == "assistant"
        assert reply.choices[0].message.content
        assert reply.choices[0].finish_reason == "stop"
        assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 0
        assert reply._request_id.startswith("req_")


async def test_a_stream_comes_in_pieces_and_ends_with_usage():
    async with gateway() as (client, _):
        stream = await client.chat.completions.create(
            model="sim/any", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert text.startswith("You said")
        assert len(chunks) > 3
        assert chunks[-1].usage.completion_tokens > 0
        assert [chunk.choices[0].finish_reason for chunk in chunks[-2:-1]] == ["stop"]


async def test_a_tool_is_called_plain_and_streamed():
    async with gateway() as (client, _):
        wanted = {"type": "function", "function": {"name": "weather"}}
        asked = {"model": "sim/any", "messages": HELLO, "tools": [TOOL], "tool_choice": wanted}
        reply = await client.chat.completions.create(**asked)
        (call,) = reply.choices[0].message.tool_calls
        assert call.function.name == "weather"
        assert list(json.loads(call.function.arguments)) == ["city"]
        names, arguments = "", ""
        async for chunk in await client.chat.completions.create(**asked, stream=True):
            for piece in chunk.choices[0].delta.tool_calls or []:
                names += piece.function.name or ""
                arguments += piece.function.arguments or ""
        assert names == "weather"
        assert list(json.loads(arguments)) == ["city"]


async def test_embeddings_come_as_the_client_asks_for_them():
    async with gateway() as (client, _):
        # Without a wish of the caller the client asks for base64 and decodes it.
        packed = await client.embeddings.create(model="sim/any", input=["a", "b"], dimensions=8)
        plain = await client.embeddings.create(model="sim/any", input=["a", "b"], dimensions=8, encoding_format="float")
        assert [len(item.embedding) for item in packed.data] == [8, 8]
        for one, other in zip(packed.data, plain.data, strict=True):
            assert one.embedding == pytest.approx(other.embedding, abs=1e-6)


async def test_completions_and_models_are_there_too():
    async with gateway() as (client, _):
        reply = await client.completions.create(model="sim/any", prompt="Hello")
        assert reply.choices[0].text
        listed = [model.id async for model in client.models.list()]
        assert listed
        assert [(await client.models.retrieve(id)).id for id in listed] == listed


async def test_the_synchronous_client_chats_streams_and_lists():
    def talk(port):
        url = f"http://127.0.0.1:{port}/v1"
        with openai.OpenAI(base_url=url, api_key="the-key-of-the-tests", max_retries=0) as client:
            plain = client.chat.completions.create(model="sim/any", messages=HELLO).choices[0].message.content
            with client.chat.completions.create(model="sim/any", messages=HELLO, stream=True) as stream:
                streamed = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
            with pytest.raises(openai.NotFoundError):
                client.models.retrieve("nobody/any")
            return plain, streamed, [model.id for model in client.models.list()]

    async with gateway() as (_, running):
        plain, streamed, models = await trio.to_thread.run_sync(talk, running.port)
    assert plain.startswith("You said")
    assert streamed.startswith("You said")
    assert models


@pytest.mark.parametrize(
    ("error", "code", "asked", "options"),
    [
        (openai.AuthenticationError, "invalid_api_key", {}, {"key": "wrong"}),
        (openai.PermissionDeniedError, "model_not_allowed", {}, {"key": "the-key-of-a-guest"}),
        (openai.NotFoundError, "model_not_found", {"model": "nobody/any"}, {}),
        (openai.BadRequestError, None, {"messages": []}, {}),
        (openai.InternalServerError, None, {}, {"simulator": {"error_rate": 1.0}}),
    ],
)
async def test_each_error_is_the_clients_own_class_for_it(error, code, asked, options):
    async with gateway(**options) as (client, _):
        with pytest.raises(error) as raised:
            await client.chat.completions.create(**{"model": "sim/any", "messages": HELLO, **asked})
        assert raised.value.code == code or code is None
        assert raised.value.code
        assert raised.value.request_id.startswith("req_")
        assert set(raised.value.body) == {"message", "type", "param", "code"}


async def test_a_used_up_limit_is_a_rate_limit_error_that_says_when_to_come_back():
    async with gateway(limit={"requests": ["1/h"]}) as (client, _):
        await client.chat.completions.create(model="sim/any", messages=HELLO)
        with pytest.raises(openai.RateLimitError) as raised:
            await client.chat.completions.create(model="sim/any", messages=HELLO)
        headers = raised.value.response.headers
        assert 1 <= int(headers["retry-after"]) <= 2 * 3600
        assert headers["x-ratelimit-remaining-requests"] == "0"


async def test_a_stream_cut_in_the_middle_is_an_api_error_and_never_a_short_answer():
    async with gateway(simulator={"cut_rate": 1.0}) as (client, _):
        stream = await client.chat.completions.create(model="sim/any", messages=HELLO, stream=True)
        first = await anext(stream)
        assert first.id
        with pytest.raises(openai.APIError) as raised:
            [chunk async for chunk in stream]
        assert set(raised.value.body) == {"message", "type", "param", "code"}


async def test_the_client_does_not_repeat_what_the_gateway_has_used_up_its_attempts_on():
    async with gateway(retries=2, simulator={"error_rate": 1.0}) as (client, running):
        with pytest.raises(openai.InternalServerError):
            await client.chat.completions.create(model="sim/any", messages=HELLO)
        await running.until_idle()
        assert [record["status"] for record in running.records] == [502]


async def test_a_client_that_stops_reading_a_stream_ends_it_in_the_gateway():
    async with gateway(simulator={"tokens_per_second": 1}) as (client, running):
        async with await client.chat.completions.create(model="sim/any", messages=HELLO, stream=True) as stream:
            await anext(stream)
            assert running.gateway.in_flight == 1
        await running.until_idle()

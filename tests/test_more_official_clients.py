"""The official clients of Groq, Mistral and Together against a gateway on a real socket."""

import json
from contextlib import asynccontextmanager

import groq
import pytest
import together
import trio
from mistralai.client import Mistral
from mistralai.client.errors import SDKError

from tests.adapters.http.harness import house

# The clients leave their own generators to the garbage collector when they have read `[DONE]`, and trio says so.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator '(groq|together|mistralai|http):ResourceWarning")

KEY = "the-key-of-the-tests"
HELLO = [{"role": "user", "content": "Hello"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}
WANTED = {"type": "function", "function": {"name": "weather"}}


@asynccontextmanager
async def gateway():
    """Yield the address of a running gateway, without a path."""
    sim = {"type": "simulator", "first_token": "1ms", "tokens_per_second": 5000, "max_retries": 0}
    async with house(providers={"sim": sim}, auth={"api_keys": [{"key": KEY, "name": "tests"}]}) as running:
        yield f"http://127.0.0.1:{running.port}"


@asynccontextmanager
async def groqs(key=KEY):
    async with gateway() as url, groq.AsyncGroq(base_url=url, api_key=key, max_retries=0) as client:
        yield client


@asynccontextmanager
async def togethers(key=KEY):
    async with gateway() as url, together.AsyncTogether(base_url=url, api_key=key, max_retries=0) as client:
        yield client


async def with_mistrals(talk, key=KEY):
    """Return what a function makes of Mistral's client, which waits by asyncio alone, so it goes in a thread."""

    def run(url):
        with Mistral(server_url=url, api_key=key) as client:
            return talk(client)

    async with gateway() as url:
        return await trio.to_thread.run_sync(run, url)


def said(chunks) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@pytest.mark.parametrize("clients", [groqs, togethers])
async def test_chats_are_had_plain_and_as_streams(clients):
    async with clients() as client:
        plain = await client.chat.completions.create(model="sim/any", messages=HELLO)
        assert plain.choices[0].message.content.startswith("You said")
        assert plain.usage.total_tokens > 0
        stream = await client.chat.completions.create(model="sim/any", messages=HELLO, stream=True)
        chunks = [chunk async for chunk in stream]
        assert said(chunks).startswith("You said")
        assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"


@pytest.mark.parametrize("clients", [groqs, togethers])
async def test_tools_are_called(clients):
    async with clients() as client:
        asked = {"model": "sim/any", "messages": HELLO, "tools": [TOOL], "tool_choice": WANTED}
        reply = await client.chat.completions.create(**asked)
        (call,) = reply.choices[0].message.tool_calls
        assert call.function.name == "weather"
        assert list(json.loads(call.function.arguments)) == ["city"]
        stream = await client.chat.completions.create(**asked, stream=True)
        deltas = [chunk.choices[0].delta async for chunk in stream if chunk.choices]
        pieces = [piece for delta in deltas for piece in delta.tool_calls or []]
        assert list(json.loads("".join(piece.function.arguments or "" for piece in pieces))) == ["city"]


@pytest.mark.parametrize(("clients", "module"), [(groqs, groq), (togethers, together)])
async def test_errors_are_of_the_clients_own_kinds(clients, module):
    async with clients() as client:
        with pytest.raises(module.NotFoundError, match="nobody"):
            await client.chat.completions.create(model="nobody/any", messages=HELLO)
    async with clients("a-wrong-key") as client:
        with pytest.raises(module.AuthenticationError):
            await client.chat.completions.create(model="sim/any", messages=HELLO)


async def test_mistrals_client_chats_plain_and_in_a_stream():
    def talk(client):
        plain = client.chat.complete(model="sim/any", messages=HELLO)
        return plain, [event.data for event in client.chat.stream(model="sim/any", messages=HELLO)]

    plain, chunks = await with_mistrals(talk)
    assert plain.choices[0].message.content.startswith("You said")
    assert said(chunks).startswith("You said")
    assert chunks[-1].choices[0].finish_reason == "stop"


async def test_mistrals_client_has_tools_called():
    asked = {"model": "sim/any", "messages": HELLO, "tools": [TOOL], "tool_choice": WANTED}
    reply = await with_mistrals(lambda client: client.chat.complete(**asked))
    (call,) = reply.choices[0].message.tool_calls
    assert (call.function.name, list(json.loads(call.function.arguments))) == ("weather", ["city"])


@pytest.mark.parametrize(("model", "key", "status"), [("nobody/any", KEY, 404), ("sim/any", "a-wrong-key", 401)])
async def test_mistrals_client_learns_of_errors(model, key, status):
    def talk(client):
        with pytest.raises(SDKError) as caught:
            client.chat.complete(model=model, messages=HELLO)
        return caught.value

    error = await with_mistrals(talk, key)
    assert error.status_code == status
    assert json.loads(error.body)["error"]["message"]

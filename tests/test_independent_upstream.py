"""Providers against an upstream that others have made, with official clients in front of the gateway."""

from contextlib import asynccontextmanager

import anthropic
import openai
import pytest

from tests.adapters.http.harness import house
from tests.upstreams.aimock import running_aimock

pytestmark = [
    pytest.mark.npm,
    # The client leaves its own generators to the garbage collector when it has read the last event, and trio says so.
    pytest.mark.filterwarnings("ignore:Async generator '(anthropic|openai|http):ResourceWarning"),
]

PROVIDERS = {
    "anthropic": {"api_key": "k"},
    "azure": {"api_key": "k", "api_version": "2024-10-21"},
    "bedrock": {"api_key": "k"},
    "cohere": {"api_key": "k"},
    "gemini": {"api_key": "k"},
    "ollama": {},
    "openai": {"api_key": "k", "base_url": "{}/v1"},
    "openrouter": {"api_key": "k", "base_url": "{}/api/v1"},
    "vertex": {"access_token": "t", "project": "p", "location": "us-central1"},
}
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}
CLAUDES_TOOL = {"name": "weather", "input_schema": PARAMETERS}


@pytest.fixture(scope="module")
def upstream():
    with running_aimock() as url:
        yield url


@asynccontextmanager
async def gateway(upstream, name):
    """Yield the address of a gateway whose one provider asks the upstream."""
    told = {"type": name, "max_retries": 0, "base_url": "{}", **PROVIDERS[name]}
    async with house(providers={name: {**told, "base_url": told["base_url"].format(upstream)}}) as running:
        yield f"http://127.0.0.1:{running.port}"


@asynccontextmanager
async def chatting(upstream, name):
    async with (
        gateway(upstream, name) as url,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client,
    ):

        async def ask(*messages, **more):
            return await client.chat.completions.create(model=f"{name}/any-model", messages=[*messages], **more)

        yield ask


def says(text):
    return {"role": "user", "content": text}


@pytest.mark.parametrize("name", PROVIDERS)
async def test_chat_is_answered_whole_and_in_a_stream(upstream, name):
    async with chatting(upstream, name) as ask:
        answer = await ask(says("hello"))
        stream = await ask(says("hello"), stream=True)
        chunks = [chunk async for chunk in stream]
    assert answer.choices[0].message.content == "Hello — from afar."
    assert answer.choices[0].finish_reason == "stop"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hello — from afar."
    assert chunks[-1].choices[0].finish_reason == "stop"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", PROVIDERS)
async def test_tool_is_called_and_its_result_goes_back(upstream, name, stream):
    async with chatting(upstream, name) as ask:
        if stream:
            chunks = [chunk async for chunk in await ask(says("weather"), tools=[TOOL], stream=True)]
            calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
            called = "".join(call.function.arguments or "" for call in calls)
            call = {"id": calls[0].id, "function": {"name": calls[0].function.name, "arguments": called}}
            reason = chunks[-1].choices[0].finish_reason
        else:
            (choice,) = (await ask(says("weather"), tools=[TOOL])).choices
            (made,) = choice.message.tool_calls
            call, reason = made.model_dump(include={"id", "function"}), choice.finish_reason
        turn = {"role": "assistant", "content": None, "tool_calls": [{"type": "function", **call}]}
        result = {"role": "tool", "tool_call_id": call["id"], "content": "4"}
        last = await ask(says("weather"), turn, result, tools=[TOOL])
    assert reason == "tool_calls"
    assert call["id"]
    assert call["function"]["name"] == "weather"
    assert call["function"]["arguments"].replace(" ", "") == '{"city":"Łódź"}'
    assert last.choices[0].message.content == "It is 4 °C."


@pytest.mark.parametrize("name", PROVIDERS)
async def test_refusal_is_told_in_the_callers_words(upstream, name):
    async with chatting(upstream, name) as ask:
        with pytest.raises(openai.RateLimitError) as caught:
            await ask(says("refused"))
    assert name in caught.value.message
    assert "slow down" in caught.value.message


@pytest.mark.parametrize("name", PROVIDERS)
async def test_anthropics_client_is_served_by_all(upstream, name):
    async with (
        gateway(upstream, name) as url,
        anthropic.AsyncAnthropic(base_url=url, api_key="any", max_retries=0) as client,
        client.messages.stream(
            model=f"{name}/any-model", max_tokens=100, messages=[says("weather")], tools=[CLAUDES_TOOL]
        ) as stream,
    ):
        message = await stream.get_final_message()
    block = message.content[-1]
    assert (block.type, block.name, block.input) == ("tool_use", "weather", {"city": "Łódź"})
    assert message.stop_reason == "tool_use"

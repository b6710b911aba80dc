"""Anthropic's official client against a gateway on a real socket, over providers that speak OpenAI's API."""

import json
from contextlib import asynccontextmanager

import anthropic
import pytest

from tests.adapters.http.harness import house
from tests.upstreams.faulty import FaultyUpstream, answer

# The client leaves its own generators to the garbage collector when it has read the last event, and trio says so.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator '(anthropic|http):ResourceWarning")

HELLO = [{"role": "user", "content": "What is the weather?"}]
TOOL = {
    "name": "weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@asynccontextmanager
async def gateway(**provider):
    """Yield a client of a running gateway with one provider, and the gateway."""
    async with house(providers={"p": {"max_retries": 0, **provider}}) as running:
        url = f"http://127.0.0.1:{running.port}"
        async with anthropic.AsyncAnthropic(base_url=url, api_key="any", max_retries=0) as client:
            yield client, running


def simulator(**more):
    return gateway(type="simulator", first_token="1ms", tokens_per_second=5000, **more)


async def test_simulator_answers_streams_and_counts():
    async with simulator(tokens=12) as (client, running):
        asked = {"model": "p/any", "max_tokens": 100, "messages": HELLO, "system": "Be brief"}
        message = await client.messages.create(**asked)
        async with client.messages.stream(**asked) as stream:
            streamed = await stream.get_final_message()
        await running.until_idle()
        counted = [(record["input_tokens"], record["output_tokens"]) for record in running.records]
    assert message.content[0].text.startswith('You said: "What is the weather?"')
    assert streamed.content[0].text == message.content[0].text
    assert (message.stop_reason, streamed.stop_reason) == ("end_turn", "end_turn")
    assert streamed.usage.output_tokens == message.usage.output_tokens == 12
    assert counted == [(6, 12), (6, 12)]


async def test_simulator_calls_a_tool_and_goes_on_with_its_result():
    async with simulator() as (client, _):
        asked = {"model": "p/any", "max_tokens": 100, "tools": [TOOL]}
        async with client.messages.stream(**asked, messages=HELLO) as stream:
            first = await stream.get_final_message()
        (call,) = first.content
        assert (first.stop_reason, call.name) == ("tool_use", "weather")
        assert set(call.input) == {"city"}
        result = {"type": "tool_result", "tool_use_id": call.id, "content": "4 C"}
        messages = [
            *HELLO,
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": [result]},
        ]
        last = await client.messages.create(**asked, messages=messages)
    assert last.content[0].text.startswith('A tool answered: "4 C"')


async def test_what_the_simulator_cannot_be_told_stands_in_a_header_or_is_refused():
    asked = {"model": "p/any", "max_tokens": 9, "messages": HELLO, "extra_body": {"context_management": {"edits": []}}}
    async with simulator() as (client, _):
        raw = await client.messages.with_raw_response.create(**asked)
        assert raw.headers["x-sluicegate-dropped"] == "context_management"
    async with simulator(strict=True) as (client, _):
        with pytest.raises(anthropic.BadRequestError, match="provider 'p' has no context_management"):
            await client.messages.create(**asked)


@asynccontextmanager
async def over(*scripts, **provider):
    """Yield a client of a gateway over a server that gives these answers, and the server."""
    upstream = FaultyUpstream(*scripts)
    async with upstream.serving(), gateway(type="openai", base_url=upstream.url, **provider) as (client, _):
        yield client, upstream


def sse(*chunks: dict) -> list:
    body = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)
    return answer(body + b"data: [DONE]\n\n", media_type="text/event-stream")


def chunk(reason=None, **delta) -> dict:
    return {"id": "a1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


async def test_server_that_thinks_and_calls_is_understood_and_told_its_thoughts_again():
    function = {"name": "weather", "arguments": '{"city": "Oslo"}'}
    call = {"index": 0, "id": "call_1", "type": "function", "function": function}
    usage = {"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}
    first = sse(
        chunk(role="assistant", content=""),
        chunk(reasoning_content="which city?"),
        chunk(content="Let me see"),
        chunk(tool_calls=[call]),
        chunk("tool_calls"),
        {"id": "a1", "model": "m", "choices": [], "usage": usage},
    )
    second = sse(chunk(content="4 C"), chunk("stop"))
    async with over(first, second, api_key="k") as (client, upstream):
        asked = {"model": "p/m", "max_tokens": 100, "tools": [TOOL], "tool_choice": {"type": "any"}}
        async with client.messages.stream(**asked, messages=HELLO) as stream:
            message = await stream.get_final_message()
        result = {"type": "tool_result", "tool_use_id": "call_1", "content": "4 C"}
        messages = [
            *HELLO,
            {"role": "assistant", "content": message.content},
            {"role": "user", "content": [result, {"type": "text", "text": "So?"}]},
        ]
        async with client.messages.stream(**asked, messages=messages) as stream:
            last = await stream.get_final_message()
    thinking, text, call_block = message.content
    assert (thinking.thinking, text.text) == ("which city?", "Let me see")
    assert (call_block.id, call_block.input) == ("call_1", {"city": "Oslo"})
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens) == (5, 4)
    assert last.content[0].text == "4 C"
    one, two = (json.loads(visit.body) for visit in upstream.visits)
    assert one["tool_choice"] == "required"
    assert one["stream_options"] == {"include_usage": True}
    function = {"name": "weather", "arguments": '{"city":"Oslo"}'}
    assert two["messages"] == [
        *HELLO,
        {
            "role": "assistant",
            "content": "Let me see",
            "reasoning_content": "which city?",
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "4 C"},
        {"role": "user", "content": "So?"},
    ]


async def test_server_that_answers_whole_where_a_stream_was_asked_for_is_understood():
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    body = json.dumps({"id": "a1", "model": "m", "choices": [choice]}).encode()
    asked = {"model": "p/m", "max_tokens": 9, "messages": HELLO}
    async with over(answer(body)) as (client, _), client.messages.stream(**asked) as stream:
        message = await stream.get_final_message()
    assert message.content[0].text == "Hi"


async def test_page_of_a_proxy_is_an_error_of_the_provider_in_the_callers_dialect():
    async with over(answer(b"<html>", media_type="text/html")) as (client, _):
        with pytest.raises(anthropic.InternalServerError, match="provider 'p' is text/html") as caught:
            await client.messages.create(model="p/m", max_tokens=9, messages=HELLO)
    assert caught.value.body["type"] == "error"

"""The Responses API over providers of other APIs, and passed through to those that have it."""

import json

import openai
import pytest

from tests.test_responses_client import TOOL, gateway
from tests.upstreams.claude import KEY, FakeClaude
from tests.upstreams.faulty import Break, FaultyUpstream, Wait, answer, stream

pytestmark = pytest.mark.filterwarnings("ignore:Async generator '(openai|http):ResourceWarning")

RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1790000000,
    "status": "completed",
    "model": "m",
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "output": [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "secret"},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
        },
        {
            "type": "function_call",
            "id": "fc_1",
            "call_id": "call_1",
            "name": "get",
            "arguments": "{}",
            "status": "completed",
        },
    ],
    "usage": {
        "input_tokens": 3,
        "input_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 0},
        "output_tokens": 2,
        "output_tokens_details": {"reasoning_tokens": 1},
        "total_tokens": 5,
    },
}
BEGUN = {**RESPONSE, "status": "in_progress", "output": [], "usage": None}
MESSAGE = RESPONSE["output"][1]


def frames(*events: dict) -> list[bytes]:
    """Return events as the API streams them, numbered."""
    told = [{**event, "sequence_number": number} for number, event in enumerate(events)]
    return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in told]


BEGINNING = (
    {"type": "response.created", "response": BEGUN},
    {"type": "response.output_item.added", "output_index": 0, "item": {**MESSAGE, "content": []}},
    {
        "type": "response.content_part.added",
        "item_id": "msg_1",
        "output_index": 0,
        "content_index": 0,
        "part": {"type": "output_text", "text": "", "annotations": []},
    },
    {
        "type": "response.output_text.delta",
        "item_id": "msg_1",
        "output_index": 0,
        "content_index": 0,
        "delta": "Hi",
        "logprobs": [],
    },
)
WHOLE = frames(*BEGINNING, {"type": "response.completed", "response": {**RESPONSE, "output": [MESSAGE]}})


def passing(upstream: FaultyUpstream, **more):
    return gateway(type="openai", base_url=upstream.url, responses=True, **more)


async def test_bytes_pass_both_ways_with_the_model_swapped():
    body = json.dumps(RESPONSE).encode() + b" "
    upstream = FaultyUpstream(answer(body), answer(body))
    asked = {"input": "Hi", "tools": [{"type": "web_search"}], "store": False}
    async with upstream.serving(), passing(upstream) as (client, running):
        raw = await client.responses.with_raw_response.create(model="p/m", **asked, extra_body={"new": 1.50})
        await running.until_idle()
        (record,) = running.records
    assert raw.content == body
    assert upstream.visits[0].head.startswith(b"POST /v1/responses ")
    assert json.loads(upstream.visits[0].body) == {**asked, "model": "m", "new": 1.5}
    assert (record["input_tokens"], record["output_tokens"]) == (3, 2)


async def test_streams_pass_untouched_and_are_counted():
    upstream = FaultyUpstream(answer(b"".join(WHOLE), media_type="text/event-stream"))
    async with upstream.serving(), passing(upstream) as (client, running):
        raw = await client.responses.with_raw_response.create(model="p/m", input="Hi", stream=True)
        got = await raw.http_response.aread()
        await running.until_idle()
        (record,) = running.records
    assert got == b"".join(WHOLE)
    assert (record["input_tokens"], record["output_tokens"]) == (3, 2)


@pytest.mark.parametrize("end", [Break.FIN, Break.RST, b""])
async def test_a_cut_stream_never_looks_complete(end):
    steps = [*frames(*BEGINNING), end] if isinstance(end, Break) else frames(*BEGINNING)
    upstream = FaultyUpstream(stream(*steps, ends=not isinstance(end, Break)))
    async with upstream.serving(), passing(upstream) as (client, _):
        events = [event async for event in await client.responses.create(model="p/m", input="Hi", stream=True)]
    assert [event.type for event in events[-2:]] == ["error", "response.failed"]
    assert [event.sequence_number for event in events] == list(range(len(events)))


FAILED = {**BEGUN, "status": "failed", "error": {"code": "server_error", "message": "it broke"}}


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.failed", "response": FAILED},
        {"type": "error", "code": "server_error", "message": "it broke", "param": None},
    ],
)
async def test_a_failure_before_content_is_hidden_and_one_behind_it_told(event):
    whole = b"".join(WHOLE)
    early = b"".join(frames(BEGINNING[0], event))
    *content, error = frames(*BEGINNING, event)
    scripts = [answer(part, media_type="text/event-stream") for part in (early, whole)]
    upstream = FaultyUpstream(*scripts, stream(*content, Wait.READ, error))
    async with upstream.serving(), passing(upstream, max_retries=1, retry_delay="1ms") as (client, _):
        async with client.responses.stream(model="p/m", input="Hi") as streamed:
            assert (await streamed.get_final_response()).output_text == "Hi"
        events = [one async for one in await client.responses.create(model="p/m", input="Hello", stream=True)]
    assert "it broke" in events[-2].message
    assert events[-1].type == "response.failed"


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"<html>", b'{"object":"response"', b"[]", b'{"object":"list"}', json.dumps(FAILED).encode()],
)
async def test_what_is_no_response_is_the_upstreams_fault(body):
    upstream = FaultyUpstream(answer(body))
    async with upstream.serving(), passing(upstream) as (client, _):
        with pytest.raises(openai.InternalServerError, match="provider 'p'"):
            await client.responses.create(model="p/m", input="Hi")


async def test_an_id_that_the_upstream_knows_is_passed_on():
    body = json.dumps(RESPONSE).encode()
    upstream = FaultyUpstream(answer(body), answer(body), answer(body))
    async with upstream.serving(), passing(upstream) as (client, _):
        first = await client.responses.create(model="p/m", input="Hi")
        assert (await client.responses.retrieve("resp_1")).output_text == "Hi"
        for known in (first.id, "resp_unknown_here"):
            await client.responses.create(model="p/m", input="More", previous_response_id=known)
    sent = [json.loads(visit.body) for visit in upstream.visits[1:]]
    assert [one["previous_response_id"] for one in sent] == ["resp_1", "resp_unknown_here"]
    assert [one["input"] for one in sent] == ["More", "More"]


async def test_a_conversation_goes_on_at_another_provider_without_its_thoughts():
    body = json.dumps(RESPONSE).encode()
    one, other = FaultyUpstream(answer(body)), FaultyUpstream(answer(body))
    async with one.serving(), other.serving():
        from tests.adapters.http.harness import house

        settings = {"type": "openai", "responses": True, "max_retries": 0}
        providers = {"a": {**settings, "base_url": one.url}, "b": {**settings, "base_url": other.url}}
        async with house(providers=providers) as running:
            url = f"http://127.0.0.1:{running.port}/v1"
            async with openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as client:
                await client.responses.create(model="a/m", input="Hi")
                await client.responses.create(model="b/m", input="More", previous_response_id="resp_1")
    sent = json.loads(other.visits[0].body)
    assert "previous_response_id" not in sent
    assert [item.get("type") for item in sent["input"]] == ["message", "message", "function_call", None]
    assert sent["input"][-1] == {"role": "user", "content": "More"}


async def test_claude_thinks_calls_and_goes_on():
    claude = FakeClaude()
    async with claude.serving(), gateway(type="anthropic", api_key=KEY, base_url=claude.url) as (client, _):
        asked = {"model": "p/claude-one", "tools": [TOOL], "reasoning": {"effort": "low", "summary": "auto"}}
        async with client.responses.stream(**asked, input="What is the weather?") as streamed:
            first = await streamed.get_final_response()
        call = next(item for item in first.output if item.type == "function_call")
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "4 C"}
        by_id = await client.responses.create(**asked, input=[result], previous_response_id=first.id)
        items = [item.to_dict() for item in first.output]
        sent_back = await client.responses.create(
            **asked, input=[{"role": "user", "content": "What is the weather?"}, *items, result]
        )
    assert "reasoning" in [item.type for item in first.output]
    assert "4 C" in by_id.output_text
    assert by_id.output_text == sent_back.output_text
    assert claude.asked[1][2]["messages"] == claude.asked[2][2]["messages"]
    assert claude.asked[1][2]["messages"][1]["content"][0]["signature"]


async def test_gemini_calls_keep_their_signatures():
    parts = [{"functionCall": {"name": "weather", "args": {"city": "Bonn"}}, "thoughtSignature": "c2ln"}]
    said = {"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}]}
    said["usageMetadata"] = {"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7}
    body = json.dumps(said).encode()
    as_event = answer(b"data: " + body + b"\n\n", media_type="text/event-stream")
    upstream = FaultyUpstream(as_event, answer(body))
    async with upstream.serving(), gateway(type="gemini", api_key="k", base_url=upstream.url) as (client, _):
        async with client.responses.stream(model="p/g", input="Hi", tools=[TOOL]) as streamed:
            first = await streamed.get_final_response()
        (sealed, call) = first.output
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "4 C"}
        await client.responses.create(model="p/g", input=[result], previous_response_id=first.id, tools=[TOOL])
    assert (sealed.type, call.type) == ("reasoning", "function_call")
    contents = json.loads(upstream.visits[1].body)["contents"]
    assert contents[1]["parts"][0]["thoughtSignature"] == "c2ln"

"""Google's official client against a gateway on a real socket, over providers of several APIs."""

import json
from contextlib import asynccontextmanager

import pytest
import trio
from google import genai
from google.genai import errors, types

from tests.adapters.http.harness import house
from tests.upstreams.faulty import FaultyUpstream, answer

WEATHER = {
    "name": "weather",
    "description": "Tells it",
    "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING", "nullable": True}}},
}
TOOLS = [{"function_declarations": [WEATHER]}]


@asynccontextmanager
async def gateway(*, version="v1beta", **provider):
    """Yield a client of a running gateway with one provider, and the gateway."""
    async with house(providers={"p": {"max_retries": 0, **provider}}) as running:
        options = {"base_url": f"http://127.0.0.1:{running.port}", "api_version": version}
        with genai.Client(api_key="the-callers-key", http_options=options) as client:
            yield client, running


@asynccontextmanager
async def over(kind, *scripts, **more):
    """Yield a client of a gateway over a server that gives these answers, and the server."""
    upstream = FaultyUpstream(*scripts)
    async with upstream.serving():
        base = upstream.url if kind == "openai" else upstream.url.removesuffix("/v1")
        async with gateway(type=kind, base_url=base, api_key="k", **more) as (client, _):
            yield client, upstream


def simulator(**more):
    return gateway(type="simulator", first_token="1ms", tokens_per_second=5000, **more)


async def ask(client, contents="Hello", **config):
    told = {"model": "p/m", "contents": contents, "config": config or None}
    return await trio.to_thread.run_sync(lambda: client.models.generate_content(**told))


async def stream(client, contents="Hello", **config) -> list[types.GenerateContentResponse]:
    told = {"model": "p/m", "contents": contents, "config": config or None}
    return await trio.to_thread.run_sync(lambda: list(client.models.generate_content_stream(**told)))


def body_of(upstream, visit: int = 0):
    return json.loads(upstream.visits[visit].body)


def plain(value) -> list:
    return answer(json.dumps(value).encode())


def sse(*events, names=False) -> list:
    told = (f"event: {one.get('type')}\n" * names + f"data: {json.dumps(one)}\n\n" for one in events)
    return answer("".join(told).encode(), media_type="text/event-stream")


def parts_of(frames) -> list[types.Part]:
    return [part for frame in frames for part in (frame.candidates[0].content.parts or [])]


@pytest.mark.parametrize("version", ["v1", "v1beta"])
async def test_simulator_answers_streams_counts_and_lists(version):
    async with simulator(tokens=12, version=version) as (client, running):
        whole = await ask(client, system_instruction="Be brief")
        frames = await stream(client, system_instruction="Be brief")
        counted = await trio.to_thread.run_sync(lambda: client.models.count_tokens(model="p/m", contents="Hello you"))
        listed = await trio.to_thread.run_sync(lambda: [model.name for model in client.models.list()])
        one = await trio.to_thread.run_sync(lambda: client.models.get(model="p/m"))
        await running.until_idle()
    assert whole.text.startswith('You said: "Hello"')
    assert "".join(part.text for part in parts_of(frames)) == whole.text
    assert (whole.candidates[0].finish_reason, frames[-1].candidates[0].finish_reason) == ("STOP", "STOP")
    assert frames[-1].usage_metadata.candidates_token_count == whole.usage_metadata.candidates_token_count == 12
    assert counted.total_tokens == 3
    assert (listed, one.name) == (["models/p/echo"], "models/p/m")


async def test_simulator_calls_a_tool_and_goes_on_with_its_result():
    async with simulator() as (client, _):
        frames = await stream(client, "weather?", tools=TOOLS)
        (call,) = (part.function_call for part in parts_of(frames))
        result = types.Part(function_response={"name": call.name, "id": call.id, "response": {"output": "4 C"}})
        said = [types.Part(text="weather?"), types.Part(function_call=call), result]
        contents = [
            types.Content(role=role, parts=[part]) for role, part in zip(("user", "model", "user"), said, strict=True)
        ]
        last = await ask(client, contents, tools=TOOLS)
    assert set(call.args) == {"city"}
    assert last.text.startswith('A tool answered: "4 C"')


async def test_openai_server_is_asked_in_its_own_words():
    message = {"role": "assistant", "content": '{"a":1}', "reasoning_content": "think"}
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 5,
        "completion_tokens_details": {"reasoning_tokens": 2},
        "prompt_tokens_details": {"cached_tokens": 4},
    }
    choice = {"index": 0, "message": message, "finish_reason": "length"}
    async with over("openai", plain({"id": "a", "model": "m", "choices": [choice], "usage": usage})) as (
        client,
        server,
    ):
        found = await ask(
            client,
            ["look", types.Part.from_bytes(data=b"\0", mime_type="image/png")],
            response_mime_type="application/json",
            response_schema={"type": "OBJECT", "properties": {"a": {"type": "INTEGER"}}, "required": ["a"]},
            max_output_tokens=7,
            stop_sequences=["END"],
            temperature=0.5,
            tools=TOOLS,
            tool_config={"function_calling_config": {"mode": "ANY", "allowed_function_names": ["weather"]}},
        )
    asked = body_of(server)
    assert asked["messages"][0]["content"][1]["image_url"]["url"] == "data:image/png;base64,AA=="
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    assert asked["response_format"]["json_schema"]["schema"] == schema
    assert asked["tools"][0]["function"]["parameters"]["properties"] == {"city": {"type": ["string", "null"]}}
    assert asked["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert (asked["stop"], asked["temperature"]) in ((["END"], 0.5), ("END", 0.5))
    thought, text = found.candidates[0].content.parts
    assert (thought.thought, thought.text, text.text) == (True, "think", '{"a":1}')
    assert found.candidates[0].finish_reason == "MAX_TOKENS"
    told = found.usage_metadata
    assert (told.prompt_token_count, told.cached_content_token_count) == (9, 4)
    assert (told.candidates_token_count, told.thoughts_token_count, told.total_token_count) == (3, 2, 14)


def anthropics(*blocks) -> list:
    start = {"id": "m1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": {}}
    start["usage"] = {"input_tokens": 5, "output_tokens": 1}
    events = [{"type": "message_start", "message": start}]
    for index, (block, *deltas) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        events += ({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas)
        events.append({"type": "content_block_stop", "index": index})
    events.append({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}})
    return sse(*events, {"type": "message_stop"}, names=True)


async def test_thoughts_of_claude_go_back_signed_and_in_their_place():
    first = anthropics(
        (
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "which "},
            {"type": "thinking_delta", "thinking": "city?"},
            {"type": "signature_delta", "signature": "a+/b=="},
        ),
        ({"type": "redacted_thinking", "data": "hidden/+"},),
        ({"type": "text", "text": ""}, {"type": "text_delta", "text": "Let me see"}),
        (
            {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}},
            {"type": "input_json_delta", "partial_json": '{"city":'},
            {"type": "input_json_delta", "partial_json": '"Ōslo"}'},
        ),
    )
    async with over("anthropic", first, first) as (client, server):
        frames = await stream(client, tools=TOOLS, thinking_config={"include_thoughts": True, "thinking_budget": 2000})
        said = [frame.candidates[0].content for frame in frames if frame.candidates[0].content.parts]
        result = types.Part(function_response={"name": "weather", "id": "toolu_1", "response": {"error": "rain"}})
        contents = [types.Content(role="user", parts=[types.Part(text="Hello")]), *said]
        contents.append(types.Content(role="user", parts=[result]))
        await stream(client, contents, tools=TOOLS)
    assert body_of(server)["thinking"]["display"] == "summarized"
    call = parts_of(frames)[-1].function_call
    assert (call.id, call.args) == ("toolu_1", {"city": "Ōslo"})
    assistant, user = body_of(server, 1)["messages"][1:]
    assert [block["type"] for block in assistant["content"]] == ["thinking", "redacted_thinking", "text", "tool_use"]
    assert assistant["content"][0] == {"type": "thinking", "thinking": "which city?", "signature": "a+/b=="}
    assert assistant["content"][1]["data"] == "hidden/+"
    assert (user["content"][0]["tool_use_id"], user["content"][0]["is_error"]) == ("toolu_1", True)


GEMINIS = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 3, "totalTokenCount": 8},
    "modelVersion": "g",
    "novelty": {"kept": True},
}


async def test_gemini_itself_gets_the_callers_own_fields_and_answers_in_its_own_words():
    async with over("gemini", plain(GEMINIS), sse(GEMINIS, GEMINIS)) as (client, server):
        found = await ask(
            client,
            tools=[{"google_search": {}}],
            cached_content="cachedContents/x",
            safety_settings=[{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}],
        )
        frames = await stream(client)
    assert found.text == "Hi"
    assert [frame.text for frame in frames] == ["Hi", "Hi"]
    asked, head = body_of(server), server.visits[0].head
    assert asked["tools"] == [{"googleSearch": {}}]
    assert (asked["cachedContent"], asked["safetySettings"][0]["threshold"]) == ("cachedContents/x", "OFF")
    assert not asked.keys() & {"model", "stream"}
    assert head.startswith(b"POST /v1beta/models/m:generateContent HTTP")
    assert b"the-callers-key" not in head
    assert server.visits[1].head.startswith(b"POST /v1beta/models/m:streamGenerateContent?alt=sse HTTP")


async def test_gemini_itself_counts_in_its_own_words():
    async with over("gemini", plain({"totalTokens": 7, "promptTokensDetails": []})) as (client, server):
        counted = await trio.to_thread.run_sync(lambda: client.models.count_tokens(model="p/m", contents="Hello"))
    assert counted.total_tokens == 7
    assert body_of(server) == {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


async def test_signature_of_another_model_is_not_told_to_gemini():
    async with over("anthropic", anthropics(({"type": "redacted_thinking", "data": "x"},))) as (client, _):
        frames = await stream(client)
    contents = [types.Content(role="user", parts=[types.Part(text="Hi")]), frames[0].candidates[0].content]
    async with over("gemini", plain(GEMINIS)) as (client, server):
        await ask(client, contents)
    (part,) = body_of(server)["contents"][1]["parts"]
    assert part["thoughtSignature"] == "skip_thought_signature_validator"


async def test_blocked_prompt_passes_as_gemini_tells_it():
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 5}}
    async with over("gemini", plain(blocked), sse(blocked)) as (client, _):
        found = await ask(client)
        (frame,) = await stream(client)
    assert found.prompt_feedback.block_reason == frame.prompt_feedback.block_reason == "SAFETY"


@pytest.mark.parametrize("kind", ["openai", "gemini"])
async def test_refusal_of_the_provider_is_an_error_of_google(kind):
    error = {"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED", "type": "rate"}}
    async with over(kind, answer(json.dumps(error).encode(), 429)) as (client, _):
        with pytest.raises(errors.ClientError, match="slow down") as caught:
            await ask(client)
    assert (caught.value.code, caught.value.status) == (429, "RESOURCE_EXHAUSTED")


@pytest.mark.parametrize("kind", ["openai", "gemini"])
async def test_cut_stream_ends_with_an_error(kind):
    chunk = {"id": "a", "model": "m", "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}]}
    frame = {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "index": 0}]}
    async with over(kind, sse(chunk if kind == "openai" else frame)) as (client, _):
        with pytest.raises(errors.APIError, match="ended before"):
            await stream(client)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"cached_content": "cachedContents/x"}, "cachedContent"),
        ({"tools": [{"google_search": {}}]}, "googleSearch"),
        ({"response_modalities": ["AUDIO"]}, "generationConfig.responseModalities"),
    ],
)
async def test_what_only_gemini_has_is_refused_by_others(config, field):
    async with simulator() as (client, _):
        with pytest.raises(errors.ClientError, match=field):
            await ask(client, **config)


async def test_simulator_embeds_one_text_and_several():
    async with simulator() as (client, running):

        def embed(contents, **config):
            told = {"model": "p/m", "contents": contents, "config": config or None}
            return client.models.embed_content(**told).embeddings

        one = await trio.to_thread.run_sync(lambda: embed("Hello", output_dimensionality=4))
        two = await trio.to_thread.run_sync(lambda: embed(["Hello", "You"], task_type="CLUSTERING"))
        await running.until_idle()
    assert [len(each.values) for each in one] == [4]
    assert len(two) == 2
    assert two[0].values != two[1].values

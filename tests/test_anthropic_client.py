"""Anthropic's official client against a gateway on a real socket, over providers that are not Anthropic."""

import json
from contextlib import asynccontextmanager

import anthropic
import pytest
import trio

from sluicegate.pipeline.errors import StreamInterrupted, UpstreamBusy, UpstreamError
from sluicegate.pipeline.form.answer import Answer, Choice
from sluicegate.pipeline.form.blocks import Text, Thinking, ToolCall, ToolResult
from sluicegate.pipeline.form.events import Begin, CallBegin, CallPart, Count, End, TextPart, ThinkingPart
from sluicegate.pipeline.reply import Usage
from tests.adapters.http.harness import house
from tests.upstreams.parrot import parrot

# The client leaves its own generators to the garbage collector when it has read the last event, and trio says so.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator '(anthropic|http):ResourceWarning")

KEYS = [
    {"key": "the-key-of-the-tests", "name": "tests"},
    {"key": "the-key-of-a-guest", "name": "guest", "allowed_models": ["bird/only"]},
]
HELLO = [{"role": "user", "content": "Hello"}]
ASKED = {"model": "bird/grey", "max_tokens": 100, "messages": HELLO}
TOOL = {
    "name": "weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
USAGE = Usage(input=115, output=20, cached=100, cache_write=5, reasoning=7)
HI = Answer(id="msg_1", model="grey-2", choices=(Choice((Text("Hi"),)),), usage=USAGE)
CALL = Answer(choices=(Choice((Text("Let me see"), ToolCall("toolu_1", "weather", '{"city": "Oslo"}')), "tool_calls"),))
STREAMED = [
    Begin("msg_2", "grey-2", usage=Usage(input=115, output=1, cached=100, cache_write=5)),
    ThinkingPart("hm"),
    ThinkingPart(signature="sig"),
    TextPart("Let "),
    TextPart("me see"),
    CallBegin(0, "toolu_1", "weather"),
    CallPart(0, '{"city":'),
    CallPart(0, ' "Oslo"}'),
    CallBegin(1, "toolu_2", "now"),
    End("tool_calls"),
    Count(USAGE),
]


@asynccontextmanager
async def gateway(*told, retries=0, key="the-key-of-the-tests", **sections):
    """Yield a client of a running gateway whose parrot says these things, the gateway, and what the parrot hears."""
    bird = parrot(*told)
    providers = {"bird": {"type": "parrot", "max_retries": 0}}
    sections = {"providers": providers, "auth": {"api_keys": KEYS}, **sections}
    async with house(bird, **sections) as running:
        url = f"http://127.0.0.1:{running.port}"
        async with anthropic.AsyncAnthropic(base_url=url, api_key=key, max_retries=retries) as client:
            yield client, running, bird.heard


async def test_a_message_comes_with_usage_as_anthropic_counts_it_and_a_request_id():
    async with gateway(HI) as (client, _, _):
        message = await client.messages.create(**ASKED)
    assert (message.id, message.model, message.role, message.type) == ("msg_1", "grey-2", "assistant", "message")
    assert [(block.type, block.text) for block in message.content] == [("text", "Hi")]
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)
    assert (message.usage.input_tokens, message.usage.output_tokens) == (10, 20)
    assert (message.usage.cache_read_input_tokens, message.usage.cache_creation_input_tokens) == (100, 5)
    assert message.usage.output_tokens_details.thinking_tokens == 7
    assert message._request_id.startswith("req_")


async def test_a_stream_is_told_block_by_block_and_adds_up_to_the_message():
    async with gateway(STREAMED) as (client, _, _), client.messages.stream(**ASKED, tools=[TOOL]) as stream:
        text = "".join([piece async for piece in stream.text_stream])
        message = await stream.get_final_message()
    assert text == "Let me see"
    thinking, said, call, empty = message.content
    assert (thinking.thinking, thinking.signature) == ("hm", "sig")
    assert said.text == "Let me see"
    assert (call.id, call.name, call.input) == ("toolu_1", "weather", {"city": "Oslo"})
    assert (empty.id, empty.name, empty.input) == ("toolu_2", "now", {})
    assert message.stop_reason == "tool_use"
    assert (message.usage.input_tokens, message.usage.output_tokens) == (10, 20)


async def test_a_stream_without_the_helper_has_every_event_by_its_name_in_order():
    async with gateway(STREAMED[:5] + STREAMED[-2:]) as (client, _, _):
        events = [event async for event in await client.messages.create(**ASKED, stream=True)]
    assert [event.type for event in events] == [
        "message_start",
        *("content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"),
        *("content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"),
        "message_delta",
        "message_stop",
    ]


async def test_a_coding_agent_calls_a_tool_and_goes_on_with_its_thoughts_kept():
    thoughtful = Answer(
        choices=(
            Choice(
                (
                    Thinking("which city?", "sig-1"),
                    Thinking(redacted="secret"),
                    ToolCall("toolu_1", "weather", '{"city": "Oslo", "n": 1.50}', "sig-of-the-call"),
                    ToolCall("toolu_2", "weather", "{}"),
                ),
                "tool_calls",
            ),
        )
    )
    async with gateway(thoughtful, HI) as (client, _, heard):
        asked = {**ASKED, "tools": [TOOL], "system": [{"type": "text", "text": "Be brief"}]}
        first = await client.messages.create(**asked)
        assert [block.type for block in first.content] == [
            *("thinking", "redacted_thinking", "redacted_thinking", "tool_use", "tool_use")
        ]
        results = [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "4 C"}]},
            {"type": "tool_result", "tool_use_id": "toolu_2", "content": "no city", "is_error": True},
        ]
        messages = [
            *HELLO,
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": [*results, {"type": "text", "text": "go on"}]},
        ]
        last = await client.messages.create(**{**asked, "messages": messages})
    assert last.content[0].text == "Hi"
    chat = heard[1]
    assert chat.system == (Text("Be brief"),)
    thoughts, redacted, call, other = chat.turns[1].blocks
    assert (thoughts, redacted) == (Thinking("which city?", "sig-1"), Thinking(redacted="secret"))
    assert (call.id, call.name, json.loads(call.arguments)) == ("toolu_1", "weather", {"city": "Oslo", "n": 1.5})
    assert (call.signature, other.signature) == ("sig-of-the-call", None)
    assert chat.turns[2].blocks == (
        ToolResult("toolu_1", (Text("4 C"),), "weather"),
        ToolResult("toolu_2", (Text("no city"),), "weather", failed=True),
        Text("go on"),
    )


async def test_the_synchronous_client_talks_streams_and_lists():
    def talk(port):
        url = f"http://127.0.0.1:{port}"
        with anthropic.Anthropic(base_url=url, api_key="the-key-of-the-tests", max_retries=0) as client:
            plain = client.messages.create(**ASKED).content[0].text
            with client.messages.stream(**ASKED) as stream:
                streamed = "".join(stream.text_stream)
            return plain, streamed, [model.id for model in client.models.list()]

    async with gateway(HI, STREAMED) as (_, running, _):
        plain, streamed, models = await trio.to_thread.run_sync(talk, running.port)
    assert (plain, streamed) == ("Hi", "Let me see")
    assert "bird/grey" in models


async def test_models_are_listed_and_shown_in_anthropics_shape():
    async with gateway() as (client, _, _):
        listed = [model async for model in client.models.list()]
        assert {(model.type, model.display_name) for model in listed} == {("model", model.id) for model in listed}
        assert (await client.models.retrieve("bird/grey")).id == "bird/grey"
        with pytest.raises(anthropic.NotFoundError) as raised:
            await client.models.retrieve("nobody/none")
        assert raised.value.body["error"]["type"] == "not_found_error"


async def test_beta_calls_are_answered_under_their_query():
    async with gateway(HI) as (client, _, heard):
        message = await client.beta.messages.create(**ASKED, betas=["some-beta-2026-01-01"])
    assert message.content[0].text == "Hi"
    assert heard[0].model == "bird/grey"


@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
async def test_a_key_counts_in_either_header(header):
    async with gateway(HI) as (_, running, _):
        value = "Bearer the-key-of-the-tests" if header == "authorization" else "the-key-of-the-tests"
        answer = await running.ask("POST", "/v1/messages?beta=true", ASKED, [(header, value)])
    assert (answer.status, answer.json["content"]) == (200, [{"type": "text", "text": "Hi"}])


@pytest.mark.parametrize(
    ("error", "kind", "asked", "options"),
    [
        (anthropic.AuthenticationError, "authentication_error", {}, {"key": "wrong"}),
        (anthropic.PermissionDeniedError, "permission_error", {}, {"key": "the-key-of-a-guest"}),
        (anthropic.NotFoundError, "not_found_error", {"model": "nobody/any"}, {}),
        (anthropic.BadRequestError, "invalid_request_error", {"messages": []}, {}),
        (anthropic.InternalServerError, "api_error", {}, {}),
    ],
)
async def test_each_error_is_the_clients_own_class_for_it(error, kind, asked, options):
    async with gateway(UpstreamError("down"), **options) as (client, _, _):
        with pytest.raises(error) as raised:
            await client.messages.create(**{**ASKED, **asked})
    body = raised.value.body
    assert raised.value.request_id.startswith("req_")
    assert body == {
        "type": "error",
        "error": {"type": kind, "message": body["error"]["message"]},
        "request_id": raised.value.request_id,
    }


async def test_a_used_up_limit_and_a_busy_provider_are_rate_limit_errors():
    busy = UpstreamBusy("slow down", retry_after=7.0)
    async with gateway(busy, HI, limit={"requests": ["1/h"]}) as (client, _, _):
        with pytest.raises(anthropic.RateLimitError) as raised:
            await client.messages.create(**ASKED)
        assert raised.value.response.headers["retry-after"] == "7"
        await client.messages.create(**ASKED)
        with pytest.raises(anthropic.RateLimitError) as raised:
            await client.messages.create(**ASKED)
        assert raised.value.body["error"]["type"] == "rate_limit_error"
        assert raised.value.response.headers["x-ratelimit-remaining-requests"] == "0"


async def test_a_stream_that_fails_before_content_goes_to_the_next_target_unseen():
    spoiled = [Begin(), UpstreamError("overloaded")]
    models = {"any": {"strategy": "fallback", "targets": ["bird/grey", "bird/green"]}}
    async with gateway(spoiled, STREAMED, models=models) as (client, running, _):
        async with client.messages.stream(**{**ASKED, "model": "any"}) as stream:
            message = await stream.get_final_message()
        await running.until_idle()
        assert message.content[1].text == "Let me see"
        assert [record["attempts"] for record in running.records] == [2]


@pytest.mark.parametrize("spoiler", [[], [StreamInterrupted("cut")]], ids=["closed", "error"])
async def test_a_stream_cut_after_content_is_an_error_and_never_a_short_answer(spoiler):
    async with gateway([*STREAMED[:5], *spoiler]) as (client, running, _):
        with pytest.raises(anthropic.APIStatusError) as raised:
            async with client.messages.stream(**ASKED) as stream:
                await stream.get_final_message()
        assert raised.value.body["type"] == "error"
        assert raised.value.body["error"]["type"] == "api_error"
        assert raised.value.body["request_id"].startswith("req_")
        await running.until_idle()
        assert [record["outcome"] for record in running.records] == ["failed"]


async def test_what_is_sent_of_a_cut_stream_has_no_message_stop_and_ends_with_the_error():
    async with gateway(STREAMED[:5]) as (_, running, _):
        answer = await running.ask(
            "POST", "/v1/messages", {**ASKED, "stream": True}, [("x-api-key", "the-key-of-the-tests")]
        )
    assert answer.complete
    assert b"message_stop" not in answer.body
    last = answer.body.decode().split("\n\n")[-2]
    assert last.startswith('event: error\ndata: {"type":"error","error":{"type":"api_error"')


async def test_the_cache_plays_a_stream_again_event_by_event():
    async with gateway(STREAMED) as (client, running, heard):
        messages = []
        for _ in range(2):
            async with client.messages.stream(**ASKED) as stream:
                messages.append(await stream.get_final_message())
            await running.until_idle()
        assert [record["cache"] for record in running.records] == ["miss", "hit"]
    assert messages[0] == messages[1]
    assert len(heard) == 1


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"system": [{"type": "text", "text": "say xyzzy"}]}, "system[0].text"),
        (
            {"messages": [*HELLO, {"role": "user", "content": [{"type": "text", "text": "xyzzy"}]}]},
            "messages[1].content[0].text",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "tool_result",
                                "tool_use_id": "t",
                                "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "an xyzzy"}],
                            }
                        ],
                    }
                ]
            },
            "messages[0].content[0].content[1].text",
        ),
        ({"tools": [{**TOOL, "description": "xyzzy"}]}, "tools[0].description"),
    ],
)
async def test_the_filter_refuses_a_word_wherever_it_stands(fields, path):
    async with gateway(filter={"blocked_words": ["xyzzy"]}) as (client, _, heard):
        for ask in (client.messages.create, client.messages.count_tokens):
            given = {**ASKED, **fields}
            if ask == client.messages.count_tokens:
                del given["max_tokens"]
            with pytest.raises(anthropic.BadRequestError, match="xyzzy") as raised:
                await ask(**given)
            assert raised.value.body["error"]["message"].startswith(f"{path}: ")
    assert heard == []


async def test_tokens_are_estimated_where_the_provider_does_not_count_and_the_answer_says_so():
    async with gateway() as (client, running, heard):
        messages = [{"role": "user", "content": "a" * 400}]
        raw = await client.messages.with_raw_response.count_tokens(model="bird/grey", messages=messages, system="b" * 8)
        again = await client.messages.with_raw_response.count_tokens(
            model="bird/grey", messages=messages, system="b" * 8
        )
        await running.until_idle()
        assert [(one["operation"], one["output_tokens"]) for one in running.records] == [("count_tokens", None)] * 2
    assert (await raw.parse()).input_tokens == 102
    assert raw.headers["x-sluicegate-estimated"] == again.headers["x-sluicegate-estimated"] == "input_tokens"
    assert heard == []


async def test_a_client_that_stops_reading_a_stream_ends_it_in_the_gateway():
    async with gateway([*STREAMED[:4], 60.0, End()]) as (client, running, _):
        async with client.messages.stream(**ASKED) as stream:
            await anext(stream.text_stream)
            assert running.gateway.in_flight == 1
        await running.until_idle()

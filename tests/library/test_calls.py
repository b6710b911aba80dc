"""The calls that a program makes, through the whole default pipeline, answered by the simulator."""

import pytest

from sluicegate import GatewayBuilder, open_gateway
from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.testing import ScriptedTransport
from tests.library.upstream import MODEL, answer, over, streamed, whole

WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


async def test_chat_gives_text_usage_and_who_answered(autojump_clock):
    async with open_gateway(environ={}) as gateway:
        answered = await gateway.chat("simulator/echo", "Hello there", max_tokens=4)
    assert answered.text == 'You said: "Hello there".'[: len(answered.text)]
    assert answered.text.startswith("You said:")
    assert answered.finish_reason == "length"
    assert (answered.provider, answered.model, answered.attempts) == ("simulator", "echo", 1)
    assert answered.usage is not None
    assert (answered.usage.input, answered.usage.output) == (2, 4)
    assert answered.data["object"] == "chat.completion"


async def test_chat_tells_what_it_has_cost_in_nano_dollars(autojump_clock):
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    transport = ScriptedTransport(whole(answer(usage=usage)), whole(answer(usage=usage)))
    priced = over(transport).price("own/small", input="$1/M", output="$2/M")
    async with open_gateway(priced, environ={}) as gateway:
        answered, again = [await gateway.chat(MODEL, "Hello") for _ in range(2)]
        other = await gateway.chat("own/other", "Hello")
    assert (answered.cost, again.cached, again.cost) == (120_000, True, 0)
    assert other.cost is None


async def test_messages_and_options_reach_the_provider_as_given(autojump_clock):
    transport = ScriptedTransport(whole(answer()))
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]
    async with open_gateway(over(transport), environ={}) as gateway:
        await gateway.chat(MODEL, messages, temperature=0.25, stop=["\n"])
    ((_, sent),) = transport.requests
    assert sent.body == (
        b'{"model":"small","messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"Hello"}],'
        b'"temperature":0.25,"stop":["\\n"],"stream":false}'
    )


async def test_chat_gives_the_tools_that_are_called(autojump_clock):
    async with open_gateway(environ={}) as gateway:
        answered = await gateway.chat("simulator/echo", "weather?", tools=[WEATHER], tool_choice="required")
    assert answered.text == ""
    assert [call["function"]["name"] for call in answered.tool_calls] == ["weather"]
    assert answered.finish_reason == "tool_calls"


async def test_messages_are_answered_in_anthropics_shape_by_any_provider(autojump_clock):
    async with open_gateway(environ={}) as gateway:
        message = await gateway.messages("simulator/echo", "Hello there", max_tokens=4, system="Be brief")
        tool = {"name": "weather", "input_schema": {"type": "object", "properties": {}}}
        choice = {"tools": [tool], "tool_choice": {"type": "any"}}
        called = await gateway.messages("simulator/echo", "weather?", max_tokens=100, **choice)
    assert message.text.startswith("You said:")
    assert (message.stop_reason, message.provider, message.model) == ("max_tokens", "simulator", "echo")
    assert message.usage is not None
    assert message.usage.output == 4
    assert message.tool_uses == []
    assert (called.text, [use["name"] for use in called.tool_uses]) == ("", ["weather"])
    assert called.stop_reason == "tool_use"


async def test_streamed_messages_come_event_by_event(autojump_clock):
    async with (
        open_gateway(environ={}) as gateway,
        gateway.stream_messages("simulator/echo", "Hello there", max_tokens=4) as stream,
    ):
        events = [event async for event in stream]
        whole = await gateway.messages("simulator/echo", "Hello there", max_tokens=4)
    assert (events[0].type, events[-1].type) == ("message_start", "message_stop")
    assert "".join(event.text for event in events) == whole.text
    assert [event.stop_reason for event in events if event.stop_reason] == ["max_tokens"]
    assert stream.usage is not None


async def test_a_message_that_asks_for_a_stream_is_refused_at_once(autojump_clock):
    async with open_gateway(environ={}) as gateway:
        with pytest.raises(TypeError, match="stream_messages"):
            await gateway.messages("simulator/echo", "Hello", max_tokens=4, stream=True)


async def test_the_same_question_is_answered_from_the_cache_the_second_time(autojump_clock):
    transport = ScriptedTransport(whole(answer()))
    async with open_gateway(over(transport), environ={}) as gateway:
        first = await gateway.chat(MODEL, "Hello")
        second = await gateway.chat(MODEL, "Hello")
    assert (first.cached, first.attempts) == (False, 1)
    assert (second.cached, second.attempts) == (True, 0)
    assert second.data == first.data
    assert (second.provider, second.model) == ("own", "small")


async def test_headers_mean_what_they_mean_over_http(autojump_clock):
    transport = ScriptedTransport(whole(answer()), whole(answer(id="2")))
    records = []
    async with open_gateway(over(transport), environ={}, access_log=records.append) as gateway:
        await gateway.chat(MODEL, "Hello")
        fresh = await gateway.chat(MODEL, "Hello", headers={"Cache-Control": "no-cache", "X-Request-Id": "mine"})
    assert fresh.data["id"] == "2"
    assert [(record["label"], record["cache"]) for record in records] == [("", "miss"), ("mine", "bypass")]


async def test_stream_gives_what_chat_gives_piece_by_piece(autojump_clock):
    builder = GatewayBuilder().provider("simulator", type="simulator").stage("cache", enabled=False)
    async with open_gateway(builder, environ={}) as gateway:
        whole_answer = await gateway.chat("simulator/echo", "Hello")
        async with gateway.stream_chat("simulator/echo", "Hello") as stream:
            deltas = [delta async for delta in stream]
    pieces = [delta.text for delta in deltas]
    assert "".join(pieces).startswith('You said: "Hello". I am the simulator')
    assert sum(map(bool, pieces)) == 40
    assert deltas[-1].finish_reason == whole_answer.finish_reason == "stop"
    assert (stream.provider, stream.model, stream.cached) == ("simulator", "echo", False)
    assert stream.usage == whole_answer.usage


async def test_each_chunk_is_there_when_it_came(autojump_clock):
    transport = ScriptedTransport(streamed("a", "b", "c", every=2.0))
    async with open_gateway(over(transport), environ={}) as gateway:
        seen = []
        async with gateway.stream_chat(MODEL, "Hello") as stream:
            async for delta in stream:
                seen.append((autojump_clock.current_time(), delta.text))
    assert seen == [(2.0, "a"), (4.0, "b"), (6.0, "c"), (6.0, "")]


async def test_chunks_of_other_choices_are_not_the_first_ones(autojump_clock):
    async with (
        open_gateway(environ={}) as gateway,
        gateway.stream_chat("simulator/echo", "Hello", n=2, max_tokens=3) as stream,
    ):
        text = "".join([delta.text async for delta in stream])
    assert text == 'You said: "Hello".'


async def test_embed_takes_one_text_or_several(autojump_clock):
    async with open_gateway(environ={}) as gateway:
        one = await gateway.embed("simulator/echo", "water", dimensions=8)
        several = await gateway.embed("simulator/echo", ["water", "gate"], dimensions=8)
    assert len(one.vectors) == 1
    assert several.vectors[0] == one.vectors[0]
    assert [len(vector) for vector in several.vectors] == [8, 8]
    assert sum(number * number for number in one.vectors[0]) == pytest.approx(1.0, abs=1e-6)


async def test_models_are_those_of_the_configuration_and_of_providers(autojump_clock):
    builder = GatewayBuilder().provider("sim", type="simulator", models=["echo", "other"]).model("demo", "sim/echo")
    async with open_gateway(builder, environ={}) as gateway:
        assert await gateway.models() == ["demo", "sim/echo", "sim/other"]


async def test_asking_chat_for_a_stream_says_what_to_use(autojump_clock):
    async with open_gateway(environ={}) as gateway:
        with pytest.raises(TypeError, match="stream_chat"):
            await gateway.chat("simulator/echo", "Hello", stream=True)


async def test_text_that_is_no_unicode_is_refused(autojump_clock):
    async with open_gateway(environ={}) as gateway:
        with pytest.raises(InvalidRequest) as refused:
            await gateway.chat("simulator/echo", "half a pair: \ud83d")
    assert refused.value.code == "invalid_utf8"


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"temperature": float("nan")}, "temperature"),
        ({"metadata": {"a": [1, {"b": float("inf")}]}}, "metadata.a[1].b"),
    ],
)
async def test_a_number_that_json_cannot_say_is_refused_by_its_place(options, path, autojump_clock):
    async with open_gateway(environ={}) as gateway:
        with pytest.raises(InvalidRequest, match="NaN and Infinity are not JSON") as refused:
            await gateway.chat("simulator/echo", "Hello", **options)
    assert refused.value.param == path

"""The simulator: the same answer each time, at exactly the times it is told, and never a socket."""

import base64
import struct

import msgspec
import pytest
import trio

from sluicegate.adapters.providers.simulator import Simulator, SimulatorSettings
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.errors import StreamInterrupted
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.provider import UpstreamRequest
from sluicegate.pipeline.registry import Registry
from sluicegate.pipeline.reply import ChunkKind
from tests.conformance.provider_sample import ask

TARGET = Target("simulator", "echo")
FAST = {"first_token": 0.0, "tokens_per_second": 0.0}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def build(**settings) -> Simulator:
    return Simulator("simulator", SimulatorSettings(type="simulator", **{**FAST, **settings}))


async def play(simulator: Simulator, exchange: Exchange) -> tuple[int, list[tuple[float, bytes]]]:
    """Return the status, and what came when, in seconds after the request."""
    started = trio.current_time()
    response = await simulator.transport().send(simulator.encode(exchange, TARGET), connect=1.0)
    pieces = []
    while data := await response.receive():
        pieces.append((trio.current_time() - started, data))
    await response.aclose()
    return response.head.status, pieces


@pytest.mark.parametrize("setting", ["api_key: k", "base_url: 'http://x'", "http2: true", "headers: {}"])
def test_what_only_http_needs_is_no_setting_of_the_simulator(setting):
    name = setting.partition(":")[0]
    with pytest.raises(ConfigError, match=f"unknown key '{name}'"):
        load(f"providers: {{sim: {{type: simulator, {setting}}}}}", {}, Registry())
    with pytest.raises(ConfigError, match="unknown key 'connect'"):
        load("providers: {sim: {type: simulator, timeout: {connect: 1s}}}", {}, Registry())


async def body_of(simulator: Simulator, exchange: Exchange) -> bytes:
    _, pieces = await play(simulator, exchange)
    return b"".join(data for _, data in pieces)


async def answer(simulator: Simulator, exchange: Exchange) -> dict:
    return msgspec.json.decode(await body_of(simulator, exchange))


async def chunks(simulator: Simulator, exchange: Exchange) -> list[dict]:
    frames = (await body_of(simulator, exchange)).split(b"\n\n")
    assert frames[-2:] == [b"data: [DONE]", b""]
    return [msgspec.json.decode(frame.removeprefix(b"data: ")) for frame in frames[:-2]]


def said(text: str, **fields) -> Exchange:
    return ask(messages=[{"role": "user", "content": text}], **fields)


async def test_chat_echoes_and_says_what_it_is():
    found = await answer(build(), said("Hello there"))
    text = found["choices"][0]["message"]["content"]
    assert text.startswith('You said: "Hello there". I am the simulator, not a model')
    assert found["choices"][0]["finish_reason"] == "stop"
    assert found["model"] == "echo"
    assert found["usage"] == {"prompt_tokens": 2, "completion_tokens": 40, "total_tokens": 42}


async def test_stream_says_the_same_as_the_plain_answer_would():
    found = await chunks(build(tokens=30), said("Hello", stream=True))
    text = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in found if chunk["choices"])
    assert text.startswith('You said: "Hello".')
    assert len(text.split()) == 30
    assert found[-2]["choices"][0]["finish_reason"] == "stop"
    assert found[-1]["usage"]["completion_tokens"] == 30
    assert len({chunk["id"] for chunk in found}) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_same_request_and_seed_give_the_same_bytes(stream):
    first = await body_of(build(seed=7), said("Hello", stream=stream))
    assert await body_of(build(seed=7), said("Hello", stream=stream)) == first
    assert await body_of(build(seed=8), said("Hello", stream=stream)) != first
    assert await body_of(build(seed=7), said("Hello!", stream=stream)) != first


async def test_stream_keeps_its_times(autojump_clock):
    simulator = build(tokens=3, first_token=0.5, tokens_per_second=4.0)
    _, pieces = await play(simulator, said("Hello", stream=True))
    assert [at for at, _ in pieces] == [0.0, 0.5, 0.75, 1.0]
    assert b'"role"' in pieces[0][1]
    assert pieces[-1][1].endswith(b"data: [DONE]\n\n")


async def test_plain_answer_takes_as_long_as_its_stream_would(autojump_clock):
    _, pieces = await play(build(tokens=3, first_token=0.5, tokens_per_second=4.0), said("Hello"))
    assert [at for at, _ in pieces] == [1.0]


async def test_no_rate_sends_everything_in_one_piece(autojump_clock):
    _, pieces = await play(build(), said("Hello", stream=True))
    assert [at for at, _ in pieces] == [0.0]


async def test_what_became_due_meanwhile_comes_together(autojump_clock):
    simulator = build(tokens=4, tokens_per_second=1.0)
    request = simulator.encode(said("Hello", stream=True), TARGET)
    response = await simulator.transport().send(request, connect=1.0)
    await trio.sleep(2.5)
    assert (await response.receive()).count(b"data: ") == 4
    assert (await response.receive()).count(b"data: ") == 4
    assert trio.current_time() == 3.0


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
async def test_caller_may_want_fewer_tokens(field):
    found = await answer(build(), said("Hello", **{field: 3}))
    assert found["choices"][0]["message"]["content"] == 'You said: "Hello".'
    assert found["choices"][0]["finish_reason"] == "length"
    assert found["usage"]["completion_tokens"] == 3


async def test_several_answers_differ():
    found = await answer(build(), said("Hello", n=3))
    assert [choice["index"] for choice in found["choices"]] == [0, 1, 2]
    assert len({choice["message"]["content"] for choice in found["choices"]}) == 3


async def test_stream_of_several_answers_decodes():
    exchange = said("Hello", n=2, stream=True)
    simulator = build(tokens=2)
    data = await body_of(simulator, exchange)
    response = await simulator.transport().send(simulator.encode(exchange, TARGET), connect=1.0)
    kinds = [chunk.kind for chunk in simulator.decoder(exchange, response.head).feed(data)]
    assert kinds == [ChunkKind.HEAD] * 2 + [ChunkKind.CONTENT] * 4 + [ChunkKind.FINISH] * 2


async def test_text_parts_are_read():
    parts = [{"type": "text", "text": "Hello"}, {"type": "text", "text": "there"}]
    found = await answer(build(), ask(messages=[{"role": "user", "content": parts}]))
    assert found["choices"][0]["message"]["content"].startswith('You said: "Hello there".')


async def test_completion_answers_each_prompt():
    found = await answer(build(), ask("completion", model="m", prompt=["one", "two"]))
    assert found["object"] == "text_completion"
    starts = [choice["text"].partition(".")[0] for choice in found["choices"]]
    assert starts == ['You said: "one"', 'You said: "two"']


async def test_completion_streams():
    found = await chunks(build(tokens=4), ask("completion", model="m", prompt="one", stream=True))
    assert "".join(chunk["choices"][0]["text"] for chunk in found if chunk["choices"]) == 'You said: "one". I'
    assert {chunk["object"] for chunk in found} == {"text_completion"}


async def test_completion_that_streams_at_its_pace_has_no_empty_piece(autojump_clock):
    simulator = build(tokens=3, first_token=0.5, tokens_per_second=4.0)
    _, pieces = await play(simulator, ask("completion", model="m", prompt="one", stream=True))
    assert [at for at, _ in pieces] == [0.5, 0.75, 1.0]
    assert pieces[-1][1].endswith(b"data: [DONE]\n\n")


async def test_tool_that_is_mentioned_is_called():
    found = await answer(build(), said("Please use get_weather", tools=[WEATHER]))
    choice = found["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    (call,) = choice["message"]["tool_calls"]
    assert call["function"]["name"] == "get_weather"
    assert list(msgspec.json.decode(call["function"]["arguments"])) == ["city"]


async def test_tool_call_streams_in_fragments():
    found = await chunks(build(), said("Please use get_weather", tools=[WEATHER], stream=True))
    deltas = [chunk["choices"][0]["delta"] for chunk in found if chunk["choices"]]
    calls = [delta["tool_calls"][0] for delta in deltas if "tool_calls" in delta]
    assert calls[0]["function"] == {"name": "get_weather", "arguments": ""}
    assert calls[0]["id"].startswith("call_")
    assert "id" not in calls[1]
    assert "city" in msgspec.json.decode(calls[1]["function"]["arguments"])


async def test_result_of_a_tool_is_answered_with_words():
    messages = [
        {"role": "user", "content": "use get_weather"},
        {
            "role": "assistant",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "rain"},
    ]
    found = await answer(build(), ask(messages=messages, tools=[WEATHER]))
    assert found["choices"][0]["message"]["content"].startswith('A tool answered: "rain".')


async def test_embeddings_are_of_length_1_and_alike_for_alike_texts():
    texts = ["the old mill pond", "the old mill river", "quite another thing"]
    found = await answer(build(), ask("embedding", model="m", input=texts))
    vectors = [entry["embedding"] for entry in found["data"]]
    assert all(sum(value * value for value in vector) == pytest.approx(1.0) for vector in vectors)
    near, far = (sum(a * b for a, b in zip(vectors[0], other, strict=True)) for other in vectors[1:])
    assert near > far
    assert found["usage"] == {"prompt_tokens": 11, "total_tokens": 11}


async def test_embeddings_in_base64_are_the_same_numbers():
    asked = {"model": "m", "input": "water", "dimensions": 4}
    plain = (await answer(build(), ask("embedding", **asked)))["data"][0]["embedding"]
    packed = (await answer(build(), ask("embedding", encoding_format="base64", **asked)))["data"][0]["embedding"]
    assert list(struct.unpack("<4f", base64.b64decode(packed))) == plain


@pytest.mark.parametrize("tokens", [[1, 2, 3], [[1, 2, 3]]])
async def test_embedding_of_token_numbers_is_one_vector(tokens):
    found = await answer(build(), ask("embedding", model="m", input=tokens))
    assert len(found["data"]) == 1


async def test_too_many_dimensions_are_refused():
    simulator = build()
    request = UpstreamRequest(
        "POST", "http://simulator.invalid/v1/embeddings", body=b'{"input":"a","dimensions":100000}'
    )
    response = await simulator.transport().send(request, connect=1.0)
    assert response.head.status == 400
    error = simulator.error(response.head, await response.receive())
    assert error.message == "dimensions is 100000, the limit is 8192"


async def test_error_looks_like_openais(autojump_clock):
    status, pieces = await play(build(error_rate=1.0, first_token=0.5), said("Hello"))
    assert status == 500
    assert trio.current_time() == 0.5
    assert msgspec.json.decode(pieces[0][1])["error"]["type"] == "server_error"


@pytest.mark.parametrize("stream", [False, True])
async def test_cut_breaks_in_the_middle(stream):
    simulator = build(cut_rate=1.0)
    exchange = said("Hello", stream=stream)
    whole = await body_of(build(), exchange)
    response = await simulator.transport().send(simulator.encode(exchange, TARGET), connect=1.0)
    data = await response.receive()
    assert whole.startswith(data)
    assert len(whole) // 4 <= len(data) <= len(whole) // 2
    with pytest.raises(StreamInterrupted):
        await response.receive()


async def test_stall_is_silent_for_ever(autojump_clock):
    simulator = build(stall_rate=1.0)
    response = await simulator.transport().send(simulator.encode(said("Hello", stream=True), TARGET), connect=1.0)
    assert await response.receive()
    with trio.move_on_after(1_000_000) as scope:
        await response.receive()
    assert scope.cancelled_caught


async def test_head_that_is_due_too_late_is_given_up_in_time(autojump_clock):
    simulator = build(first_token=5.0)
    request = simulator.encode(said("Hello"), TARGET)
    with pytest.raises(trio.TooSlowError):
        await simulator.transport().send_by(request, connect=1.0, due=2.0)
    assert trio.current_time() == 2.0


async def test_event_that_is_due_too_late_is_given_up_in_time(autojump_clock):
    simulator = build(tokens=2, first_token=5.0)
    request = simulator.encode(said("Hello", stream=True), TARGET)
    response = await simulator.transport().send_by(request, connect=1.0, due=2.0)
    assert b'"role"' in await response.receive()
    with pytest.raises(trio.TooSlowError):
        await response.receive()
    assert trio.current_time() == 2.0
    response.put_off(6.0)
    assert b'"You"' in await response.receive()
    assert trio.current_time() == 5.0


async def test_silence_is_given_up_in_time(autojump_clock):
    simulator = build(stall_rate=1.0)
    request = simulator.encode(said("Hello"), TARGET)
    response = await simulator.transport().send_by(request, connect=1.0, due=2.0)
    assert await response.receive()
    with pytest.raises(trio.TooSlowError):
        await response.receive()
    assert trio.current_time() == 2.0


async def test_luck_is_spread_as_the_rate_says_and_repeats_itself():
    async def statuses() -> list[int]:
        return [(await play(build(error_rate=0.3), said(str(number))))[0] for number in range(200)]

    first = await statuses()
    assert first == await statuses()
    assert 40 <= first.count(500) <= 80


async def test_closed_answer_does_not_look_like_a_clean_end():
    simulator = build()
    response = await simulator.transport().send(simulator.encode(said("Hello"), TARGET), connect=1.0)
    await response.aclose()
    await response.aclose()
    with pytest.raises(StreamInterrupted):
        await response.receive()


async def test_every_wait_can_be_cancelled(autojump_clock):
    simulator = build(first_token=100.0)
    with trio.move_on_after(1) as scope:
        await play(simulator, said("Hello"))
    assert scope.cancelled_caught
    assert trio.current_time() == 1.0


def test_models_are_those_of_the_settings():
    assert build().models() == ("echo",)
    assert build(models=("a", "b")).models() == ("a", "b")

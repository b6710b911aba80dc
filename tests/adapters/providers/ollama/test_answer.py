"""What Ollama answers, whole and in streams, and its embeddings."""

import msgspec
import pytest
from ollama import ChatResponse

from sluicegate.pipeline.errors import InvalidRequest, NotFound, UpstreamBusy, UpstreamError
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from tests.adapters.providers.ollama.asking import KEY, MODEL, check, ollama
from tests.conformance.provider_sample import ask
from tests.conformance.round_trip import Call, RoundTripConformance, Voices

JSON = UpstreamHead(200, {"content-type": "application/json"})
LINES = UpstreamHead(200, {"content-type": "application/x-ndjson"})
TARGET = Target("local", MODEL)
WHOLE = {
    "model": "llama3.2",
    "created_at": "2026-11-22T10:00:00.123456789Z",
    "done": True,
    "done_reason": "stop",
    "message": {"role": "assistant", "content": "Hi", "thinking": "hm"},
    "total_duration": 5,
    "load_duration": 1,
    "prompt_eval_count": 12,
    "eval_count": 34,
}


def answered(**changes: object) -> tuple[dict, Usage | None]:
    body = {**WHOLE, **changes}
    ChatResponse.model_validate(body)
    reply, usage = ollama().decode(ask(), JSON, msgspec.json.encode(body))
    return msgspec.json.decode(reply.body), usage


def test_answer_is_as_openai_has_it():
    body, usage = answered()
    (choice,) = body["choices"]
    assert (choice["message"]["content"], choice["message"]["reasoning_content"]) == ("Hi", "hm")
    assert (choice["finish_reason"], body["model"], body["created"]) == ("stop", "llama3.2", 1795341600)
    assert usage == Usage(input=12, output=34)


def test_length_is_told_and_calls_end_an_answer():
    assert answered(done_reason="length")[0]["choices"][0]["finish_reason"] == "length"
    calls = [{"function": {"name": "get", "arguments": {"c": "Oslo"}}}] * 2
    (choice,) = answered(message={"role": "assistant", "content": "", "tool_calls": calls})[0]["choices"]
    assert choice["finish_reason"] == "tool_calls"
    made = choice["message"]["tool_calls"]
    assert len({call["id"] for call in made}) == 2
    assert made[0]["function"] == {"name": "get", "arguments": '{"c":"Oslo"}'}


def test_prompt_out_of_the_cache_has_no_usage():
    assert answered(prompt_eval_count=None)[1] is None


def test_logprobs_are_as_openai_has_them():
    told = [{"token": "H", "logprob": -0.5, "top_logprobs": [{"token": "A", "logprob": -1}]}]
    content = answered(logprobs=told)[0]["choices"][0]["logprobs"]["content"]
    assert (content[0]["token"], content[0]["bytes"], content[0]["top_logprobs"][0]["logprob"]) == ("H", [72], -1.0)


@pytest.mark.parametrize(
    "message",
    [
        {"tool_calls": [{"function": {"name": "", "arguments": {}}}]},
        {"tool_calls": [{"id": "a", "function": {"name": "f"}}, {"id": "a", "function": {"name": "f"}}]},
        {"tool_calls": [{"function": {"name": "f", "arguments": "text"}}]},
        None,
    ],
)
def test_answer_that_makes_no_sense_is_an_upstream_error(message):
    with pytest.raises(UpstreamError, match="'local'"):
        ollama().decode(ask(), JSON, msgspec.json.encode({**WHOLE, "message": message}))


def test_error_in_place_of_an_answer_is_that_error():
    with pytest.raises(UpstreamError, match="runner crashed"):
        ollama().decode(ask(), JSON, b'{"error":"runner crashed"}')


def test_event_of_five_megabytes_is_read():
    decoder = ollama().decoder(ask(stream=True), LINES)
    line = msgspec.json.encode({**WHOLE, "message": {"content": "x" * 5_000_000}}) + b"\n"
    assert sum(len(chunk.data) for chunk in decoder.feed(line)) > 5_000_000
    assert decoder.done


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (400, "does not support tools", InvalidRequest),
        (404, "model 'x' not found", NotFound),
        (500, "model requires more system memory", UpstreamError),
        (503, "server busy, please try again.  maximum pending requests exceeded", UpstreamBusy),
    ],
)
def test_errors_are_texts(status, text, kind):
    error = ollama().error(UpstreamHead(status, {}), msgspec.json.encode({"error": text}))
    assert isinstance(error, kind)
    assert text in error.message


def test_address_and_key():
    request = ollama().encode(ask(), TARGET)
    assert request.url == "http://localhost:11434/api/chat"
    assert dict(request.headers)["authorization"] == f"Bearer {KEY}"
    streamed = ollama(base_url="https://ollama.com/api/").encode(ask(stream=True), TARGET)
    assert streamed.url == "https://ollama.com/api/chat"
    assert dict(streamed.headers)["accept"] == "application/x-ndjson"


def test_embeddings_go_there_and_back():
    translator = ollama(num_ctx=512, keep_alive="1m")
    exchange = ask("embedding", model="m", input=["a", "b"], dimensions=2)
    request = translator.encode(exchange, TARGET)
    body = msgspec.json.decode(request.body)
    check(body)
    assert request.url.endswith("/api/embed")
    assert body == {
        "model": MODEL,
        "input": ["a", "b"],
        "dimensions": 2,
        "options": {"num_ctx": 512},
        "keep_alive": "1m",
    }
    told = b'{"model":"nomic","embeddings":[[0.5,1],[2,3]],"total_duration":1,"load_duration":1,"prompt_eval_count":2}'
    reply, usage = translator.decode(exchange, JSON, told)
    assert [one["embedding"] for one in msgspec.json.decode(reply.body)["data"]] == [[0.5, 1.0], [2.0, 3.0]]
    assert usage == Usage(input=2)


@pytest.mark.parametrize(
    "body",
    [
        *(b"{}", b'{"embeddings":[[1]]}', b'{"embeddings":"x"}', b"", b"[]"),
        b'{"embeddings":[[1],[2]],"prompt_eval_count":1e999}',
    ],
)
def test_embeddings_that_are_none_are_an_upstream_error(body):
    with pytest.raises(UpstreamError, match="'local'"):
        ollama().decode(ask("embedding", model="m", input=["a", "b"]), JSON, body)


def said(body: dict) -> list[tuple]:
    found: list[tuple] = []
    for message in body["messages"]:
        if message["role"] == "tool":
            found.append(("result", message["tool_call_id"], message["content"]))
            continue
        found.append(("text", message["content"]))
        calls = message.get("tool_calls", ())
        found += [("call", call["id"], call["function"]["name"], call["function"]["arguments"]) for call in calls]
    return found


def call_of(call: Call) -> dict:
    return {"id": call.id, "function": {"name": call.name, "arguments": call.arguments}}


def line(message: dict, **fields: object) -> bytes:
    frame = {"model": "m", "created_at": "2026-11-22T10:00:00Z", "message": {"role": "assistant", **message}, **fields}
    return msgspec.json.encode(frame) + b"\n"


def whole(text: str, calls: list[Call]) -> bytes:
    return line({"content": text, "tool_calls": [call_of(call) for call in calls]}, done=True, done_reason="stop")


def stream(text: str, calls: list[Call]) -> bytes:
    lines = [line({"content": letter}, done=False) for letter in text]
    lines += [line({"content": "", "tool_calls": [call_of(call)]}, done=False) for call in calls]
    return b"".join(lines) + line({"content": ""}, done=True, done_reason="stop")


class TestRoundTrip(RoundTripConformance):
    voices = Voices(ollama(), said, whole, stream, "application/x-ndjson")

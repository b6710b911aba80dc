"""Ollama's own client reads the same bytes as the gateway does, and both have to hear the same."""

from itertools import pairwise

import httpx
import msgspec
import ollama as official
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.blocks import Text, Thinking, ToolCall
from sluicegate.pipeline.form.gather import gather
from sluicegate.pipeline.provider import UpstreamHead
from tests.adapters.dialects.openai.asking import read
from tests.adapters.providers.ollama.asking import MODEL, ollama

WHOLE = (
    '{"model":"llama3.2","created_at":"2026-11-22T10:00:00.123456789Z","message":{"role":"assistant","content":"Hi",'
    '"thinking":"hm","tool_calls":[{"id":"call_x","function":{"index":0,"name":"get","arguments":{"c":"Łódź"}}}]},'
    '"done":true,"done_reason":"stop","total_duration":5000000000,"load_duration":1000000000,"prompt_eval_count":12,'
    '"prompt_eval_duration":200000000,"eval_count":34,"eval_duration":3000000000}'
).encode()
STREAM = (
    '{"model":"llama3.2","created_at":"2026-11-22T10:00:00Z","message":{"role":"assistant","content":"",'
    '"thinking":"hm"},"done":false}\n'
    '{"model":"llama3.2","created_at":"2026-11-22T10:00:00Z","message":{"role":"assistant","content":"Grü"},'
    '"done":false}\n'
    '{"model":"llama3.2","created_at":"2026-11-22T10:00:00Z","message":{"role":"assistant","content":"",'
    '"tool_calls":[{"function":{"name":"get","arguments":{"c":"Łódź"}}}]},"done":false}\n'
    '{"model":"llama3.2","created_at":"2026-11-22T10:00:01Z","message":{"role":"assistant","content":""},"done":true,'
    '"done_reason":"stop","total_duration":5000000,"load_duration":1,"prompt_eval_count":12,"prompt_eval_duration":2,'
    '"eval_count":3,"eval_duration":4}\n'
).encode()
HELLO = [{"role": "user", "content": "Hello"}]


def client(body: bytes, media_type: str = "application/json", status: int = 200) -> official.Client:
    """The official client, before a server that answers with these bytes."""

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers={"content-type": media_type}, content=body)

    return official.Client("http://127.0.0.1:9", transport=httpx.MockTransport(answer))


def heard(answer: Answer) -> dict:
    """Return what an answer says, without the ids of calls: where the server gives none, one is made here."""
    (choice,) = answer.choices
    assert answer.usage is not None
    return {
        "text": "".join(block.text for block in choice.blocks if isinstance(block, Text)),
        "thoughts": "".join(block.text for block in choice.blocks if isinstance(block, Thinking)),
        "calls": [
            (call.name, msgspec.json.decode(call.arguments)) for call in choice.blocks if isinstance(call, ToolCall)
        ],
        "tokens": (answer.usage.input, answer.usage.output),
    }


def put_together(*frames: official.ChatResponse) -> dict:
    """Return the same of what the official client hears."""
    calls = [call.function for frame in frames for call in frame.message.tool_calls or ()]
    return {
        "text": "".join(frame.message.content or "" for frame in frames),
        "thoughts": "".join(frame.message.thinking or "" for frame in frames),
        "calls": [(call.name, call.arguments) for call in calls],
        "tokens": (frames[-1].prompt_eval_count, frames[-1].eval_count),
    }


def test_whole_answer_is_heard_alike():
    ours = ollama().answer(read(), UpstreamHead(200, {"content-type": "application/json"}), WHOLE)
    assert heard(ours) == put_together(client(WHOLE).chat(MODEL, HELLO))
    assert [call.id for call in ours.choices[0].blocks if isinstance(call, ToolCall)] == ["call_x"]


@pytest.fixture(scope="module")
def theirs() -> dict:
    """What the official client hears of the stream."""
    return put_together(*client(STREAM, "application/x-ndjson").chat(MODEL, HELLO, stream=True))


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_stream_cut_anywhere_is_heard_alike(theirs, cuts):
    decoder = ollama().events(read(stream=True), UpstreamHead(200, {"content-type": "application/x-ndjson"}))
    events = [event for a, b in pairwise([0, *sorted(cuts), len(STREAM)]) for event in decoder.feed(STREAM[a:b])]
    assert decoder.done
    assert heard(gather(events)) == theirs


@pytest.mark.parametrize("status", [400, 404, 429, 500, 502, 503])
def test_error_quotes_what_the_client_is_told(status):
    body = b'{"error":"told by the server"}'
    with pytest.raises(official.ResponseError) as caught:
        client(body, status=status).chat(MODEL, HELLO)
    error = ollama().error(UpstreamHead(status, {"content-type": "application/json"}), body)
    assert caught.value.error in error.message

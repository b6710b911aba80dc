"""Cohere's own client reads the same bytes as the gateway does, and both have to hear the same."""

from itertools import pairwise

import cohere as official
import httpx
import msgspec
import pytest
from cohere.core.api_error import ApiError
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.blocks import Text, Thinking, ToolCall
from sluicegate.pipeline.form.gather import gather
from sluicegate.pipeline.provider import UpstreamHead
from tests.adapters.dialects.openai.asking import read
from tests.adapters.providers.cohere.asking import MODEL, cohere

WHOLE = (
    b'{"id":"c14c80c3","finish_reason":"TOOL_CALL","message":{"role":"assistant","tool_plan":"I will look it up.",'
    b'"tool_calls":[{"id":"get_ab1","type":"function","function":{"name":"get","arguments":"{\\"c\\":\\"Oslo\\"}"}}],'
    b'"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Hi"}],"citations":[{"start":0,"end":2,'
    b'"text":"Hi","sources":[{"type":"document","id":"doc:0","document":{"id":"doc:0","title":"T",'
    b'"url":"https://e.test"}}],"content_index":1,"type":"TEXT_CONTENT"}]},"usage":{"billed_units":{"input_tokens":5,'
    b'"output_tokens":4},"tokens":{"input_tokens":70,"output_tokens":20},"cached_tokens":0}}'
)
FRAMES = (
    {
        "type": "message-start",
        "id": "c1",
        "delta": {"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}},
    },
    {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I will"}}},
    {
        "type": "tool-call-start",
        "index": 0,
        "delta": {
            "message": {
                "tool_calls": {"id": "get_ab1", "type": "function", "function": {"name": "get", "arguments": ""}}
            }
        },
    },
    {
        "type": "tool-call-delta",
        "index": 0,
        "delta": {"message": {"tool_calls": {"function": {"arguments": '{"c":"Łódź"}'}}}},
    },
    {"type": "tool-call-end", "index": 0},
    {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Hi"}}}},
    {
        "type": "citation-start",
        "index": 0,
        "delta": {
            "message": {
                "citations": {
                    "start": 0,
                    "end": 2,
                    "text": "Hi",
                    "sources": [{"type": "document", "id": "d0", "document": {"id": "d0"}}],
                    "type": "TEXT_CONTENT",
                }
            }
        },
    },
    {"type": "citation-end", "index": 0},
    {"type": "content-end", "index": 0},
    {
        "type": "message-end",
        "id": "c1",
        "delta": {
            "finish_reason": "COMPLETE",
            "usage": {
                "billed_units": {"input_tokens": 5, "output_tokens": 1},
                "tokens": {"input_tokens": 70, "output_tokens": 1},
            },
        },
    },
)
STREAM = b"".join(f"event: {one['type']}\ndata: ".encode() + msgspec.json.encode(one) + b"\n\n" for one in FRAMES)
HELLO = [{"role": "user", "content": "Hello"}]


def client(body: bytes, media_type: str = "application/json", status: int = 200) -> official.ClientV2:
    """The official client, before a server that answers with these bytes."""

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers={"content-type": media_type}, content=body)

    transport = httpx.MockTransport(answer)
    return official.ClientV2("k", base_url="http://127.0.0.1:9", httpx_client=httpx.Client(transport=transport))


def heard(answer: Answer) -> dict:
    """Return what an answer says, in Cohere's words."""
    (choice,) = answer.choices
    assert answer.usage is not None
    return {
        "text": "".join(block.text for block in choice.blocks if isinstance(block, Text)),
        "thoughts": "".join(block.text for block in choice.blocks if isinstance(block, Thinking)),
        "calls": [(call.id, call.name, call.arguments) for call in choice.blocks if isinstance(call, ToolCall)],
        "tokens": (answer.usage.input, answer.usage.output),
    }


def test_whole_answer_is_heard_alike():
    theirs = client(WHOLE).chat(model=MODEL, messages=HELLO)
    ours = cohere().answer(read(), UpstreamHead(200, {"content-type": "application/json"}), WHOLE)
    thinking, text = theirs.message.content
    (call,) = theirs.message.tool_calls
    assert heard(ours) == {
        "text": text.text,
        "thoughts": theirs.message.tool_plan + thinking.thinking,
        "calls": [(call.id, call.function.name, call.function.arguments)],
        "tokens": (theirs.usage.tokens.input_tokens, theirs.usage.tokens.output_tokens),
    }
    (cited,) = (block.citations for block in ours.choices[0].blocks if isinstance(block, Text))
    assert cited[0]["url"] == theirs.message.citations[0].sources[0].document["url"]


@pytest.fixture(scope="module")
def theirs() -> dict:
    """What the official client hears of the stream."""
    text, plan, usage, calls = "", "", None, []
    for event in client(STREAM, "text/event-stream").chat_stream(model=MODEL, messages=HELLO):
        if event.type == "tool-plan-delta":
            plan += event.delta.message.tool_plan
        elif event.type == "content-delta":
            text += event.delta.message.content.text
        elif event.type == "tool-call-start":
            calls.append([(made := event.delta.message.tool_calls).id, made.function.name, made.function.arguments])
        elif event.type == "tool-call-delta":
            calls[event.index][2] += event.delta.message.tool_calls.function.arguments
        elif event.type == "message-end":
            usage = event.delta.usage.tokens
    tokens = (usage.input_tokens, usage.output_tokens)
    return {"text": text, "thoughts": plan, "calls": [tuple(call) for call in calls], "tokens": tokens}


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_stream_cut_anywhere_is_heard_alike(theirs, cuts):
    decoder = cohere().events(read(stream=True), UpstreamHead(200, {"content-type": "text/event-stream"}))
    events = [event for a, b in pairwise([0, *sorted(cuts), len(STREAM)]) for event in decoder.feed(STREAM[a:b])]
    assert decoder.done
    assert heard(gather(events)) == theirs


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 498, 499, 500, 501, 503, 504])
def test_error_quotes_what_the_client_is_told(status):
    body = b'{"id":"e1","message":"told by the provider"}'
    with pytest.raises(ApiError) as caught:
        client(body, status=status).chat(model=MODEL, messages=HELLO, request_options={"max_retries": 0})
    error = cohere().error(UpstreamHead(status, {"content-type": "application/json"}), body)
    assert isinstance(error, GatewayError)
    quoted = caught.value.body["message"] in error.message
    assert quoted is (status not in (401, 403))  # those are about the gateway's own key

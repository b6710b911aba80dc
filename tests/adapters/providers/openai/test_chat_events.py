"""Answers and streams of OpenAI's API, in the form between dialects."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.pipeline.errors import GatewayError, StreamInterrupted, UpstreamBusy, UpstreamError
from sluicegate.pipeline.form.answer import Answer, Choice
from sluicegate.pipeline.form.blocks import Refusal, Text, Thinking, ToolCall
from sluicegate.pipeline.form.events import (
    Begin,
    CallBegin,
    CallPart,
    Cited,
    Count,
    End,
    RefusalPart,
    TextPart,
    ThinkingPart,
)
from sluicegate.pipeline.form.gather import gather
from sluicegate.pipeline.form.sides import EventDecoder
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from tests.adapters.providers.openai.asked import JSON, SSE, chat, chats, delta, framed, told

SHEET = b"""data: {"id":"chatcmpl-a1","object":"chat.completion.chunk","created":1790000000,"model":"m",\
"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-a1","object":"chat.completion.chunk","created":1790000000,"model":"m","choices":[{"index":0,\
"delta":{"content":"Hi"},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-a1","object":"chat.completion.chunk","created":1790000000,"model":"m","choices":[{"index":0,\
"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"get","arguments":""}}]},\
"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-a1","object":"chat.completion.chunk","created":1790000000,"model":"m","choices":[{"index":0,\
"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\\"q\\":1}"}}]},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-a1","object":"chat.completion.chunk","created":1790000000,"model":"m","choices":[{"index":0,\
"delta":{},"finish_reason":"tool_calls"}],"usage":null}

data: {"id":"chatcmpl-a1","object":"chat.completion.chunk","created":1790000000,"model":"m","choices":[],\
"usage":{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14}}

data: [DONE]

"""
SHEET_EVENTS = [
    Begin("chatcmpl-a1", "m", 1790000000),
    TextPart("Hi"),
    CallBegin(0, "call_1", "get"),
    CallPart(0, '{"q":1}'),
    Count(Usage(9, 5)),
    End("tool_calls"),
]
USAGE = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}


def drive(decoder: EventDecoder, *pieces: bytes) -> None:
    """Feed a decoder to its end, past what it still holds back."""
    for data in (*pieces, b""):
        decoder.feed(data)
    decoder.finish()


def pieces(*chunks: dict, **fields) -> list:
    """Return the events of a stream between its beginning and its end."""
    events = told([framed(*chunks)], **fields)
    assert isinstance(events[0], Begin)
    assert isinstance(events[-1], End)
    return events[1:-1]


def call(call_id: str | None = None, name: str | None = None, arguments: object = None, **more: object) -> dict:
    function = {"name": name, "arguments": arguments}
    told = {"id": call_id, "function": {key: value for key, value in function.items() if value is not None}, **more}
    return {key: value for key, value in told.items() if value is not None}


@given(cuts=st.lists(st.integers(0, len(SHEET)), max_size=8))
def test_stream_is_read_the_same_wherever_it_is_cut(cuts):
    places = [0, *sorted(cuts), len(SHEET)]
    events = told(SHEET[start:end] for start, end in pairwise(places))
    assert events == SHEET_EVENTS


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thoughts_are_read_by_either_name(name):
    assert pieces(delta(**{name: "h"}), delta(**{name: "m", "content": "x"}), delta(reason="stop")) == [
        ThinkingPart("h"),
        ThinkingPart("m"),
        TextPart("x"),
    ]


def test_signed_thoughts_are_read_once():
    signed = {"type": "thinking", "thinking": "hm", "signature": "s1"}
    redacted = {"type": "redacted_thinking", "data": "xyz"}
    assert pieces(delta(reasoning_content="hm"), delta(thinking_blocks=[signed, redacted, 3])) == [
        ThinkingPart("hm"),
        ThinkingPart(signature="s1"),
        ThinkingPart(redacted="xyz"),
    ]
    assert pieces(delta(thinking_blocks=[signed])) == [ThinkingPart("hm"), ThinkingPart(signature="s1")]


def test_content_in_parts_is_read():
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "thinking", "thinking": "so"},
        {"type": "text", "text": "x"},
        {"type": "reference", "reference_ids": [1]},
    ]
    assert pieces(delta(content=parts)) == [ThinkingPart("hm"), ThinkingPart("so"), TextPart("x")]


def test_refusals_and_citations_are_read():
    found = {"url": "https://e.example", "title": "T", "start_index": 0, "end_index": 1}
    cited = [{"type": "url_citation", "url_citation": found}, {"type": "file_path"}]
    assert pieces(delta(content="x"), delta(annotations=cited), delta(refusal="no")) == [
        TextPart("x"),
        Cited(found),
        RefusalPart("no"),
    ]


def test_log_probabilities_stay_with_their_text():
    chunk = delta(content="x")
    chunk["choices"][0]["logprobs"] = {"content": [], "refusal": None}
    assert pieces(chunk) == [TextPart("x", logprobs={"content": [], "refusal": None})]


def test_signature_of_a_call_is_read():
    made = call("c1", "f", "{}", index=0, extra_content={"google": {"thought_signature": "s"}})
    assert pieces(delta(tool_calls=[made])) == [CallBegin(0, "c1", "f", "s"), CallPart(0, "{}")]


@pytest.mark.parametrize(
    "calls",
    [
        [call("c1", "f", '{"a":1}', index=0), call("c2", "g", "{}", index=1)],
        [call("c1", "f", '{"a":1}', index=5), call("c2", "g", "{}", index=2)],
        # As Gemini's API for OpenAI's clients does it.
        [call("c1", "f", '{"a":1}', index=0), call("c2", "g", "{}", index=0)],
        [call("c1", "f", '{"a":1}'), call("c2", "g", "{}")],
        [call("c1", "f", {"a": 1}), call("c2", "g", {})],
        [call("c1", "f"), call(None, None, '{"a"'), call(None, None, ":1}"), call("c2", "g"), call(None, None, "{}")],
        [call("c1", "f", '{"a"', index=0), call("c1", "f", ":1}", index=0), call("c2", "g", "{}", index=1)],
        [call("c1", None, '{"a"', index=0), call(None, "f", ":1}", index=0), call("c2", "g", "{}", index=1)],
        [call("", "f", '{"a":1}', index=0), call("c1", index=0), call("c2", "g", "{}", index=1)],
    ],
)
def test_calls_are_told_apart_however_they_are_numbered(calls):
    events = pieces(*(delta(tool_calls=[one]) for one in calls))
    begins = [event for event in events if isinstance(event, CallBegin)]
    assert [(event.slot, event.name) for event in begins] == [(0, "f"), (1, "g")]
    assert [event.id for event in begins][1] == "c2"
    texts = {0: "", 1: ""}
    for event in events:
        if isinstance(event, CallPart):
            texts[event.slot] += event.text
    assert list(texts.values()) == ['{"a":1}', "{}"]


def test_call_of_a_function_is_read():
    chunks = (delta(function_call={"name": "f", "arguments": "{"}), delta(function_call={"arguments": "}"}))
    assert pieces(*chunks) == [CallBegin(0, "", "f"), CallPart(0, "{"), CallPart(0, "}")]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("model_length", "length"),
        ("content_filter", "content_filter"),
        ("eos", "stop"),
        ({"odd": 1}, "stop"),
    ],
)
def test_reason_to_finish_is_read(reason, finish):
    assert told([framed(delta(content="x"), delta(reason=reason))])[-1] == End(finish)


def test_stop_beside_a_call_means_the_call():
    assert told([framed(delta(tool_calls=[call("c1", "f", index=0)]), delta(reason="stop"))])[-1] == End("tool_calls")
    cut = framed(delta(tool_calls=[call("c1", "f", index=0)]), delta(reason="length"))
    assert told([cut])[-1] == End("length")


def test_text_that_stopped_the_answer_is_read():
    chunk = delta(reason="stop")
    chunk["choices"][0]["stop_reason"] = "END"
    assert told([framed(chunk)])[-1] == End("stop", stop_text="END")


def test_choice_ends_once_and_behind_everything():
    last = delta(reason="stop")
    events = told([framed(delta(content="a"), last, last, delta(content="b"), {**last, "choices": [], "usage": USAGE})])
    assert events[1:] == [TextPart("a"), TextPart("b"), Count(Usage(9, 5)), End()]


def test_every_choice_that_was_asked_for_ends():
    events = told([framed(delta(1, content="b"), delta(0, content="a"), delta(1, "length"))], n=2)
    assert events[1:] == [TextPart("b", 1), TextPart("a"), End(), End("length", 1)]


def test_stream_that_ends_without_done_is_complete_if_it_gave_its_reason():
    data = framed(delta(content="a"), delta(reason="stop")).removesuffix(b"data: [DONE]\n\n")
    assert told([data])[1:] == [TextPart("a"), End()]
    decoder = chats().events(chat(stream=True), SSE)
    assert decoder.feed(framed(delta(content="a")).removesuffix(b"data: [DONE]\n\n"))[1:] == [TextPart("a")]
    with pytest.raises(StreamInterrupted, match="before its answer was complete"):
        decoder.finish()
    assert not decoder.done


def test_error_behind_events_is_raised_by_the_next_call():
    decoder = chats().events(chat(stream=True), SSE)
    data = framed(delta(content="a"), {"error": {"message": "slow down", "type": "rate_limit_error"}})
    assert decoder.feed(data)[1:] == [TextPart("a")]
    with pytest.raises(UpstreamBusy, match="slow down"):
        decoder.feed(b"")


BAD_CALLS = [
    ([call("c1", "f", "{}", index=0), call("c1", "g", "{}", index=1)], "two tool calls have one id"),
    ([call("c1", None, "{}", index=0)], "a tool call has no name"),
    ("x", r"Expected `array \| null`"),
    ([{"index": "0"}], r"Expected `int \| null`"),
]


@pytest.mark.parametrize(("calls", "told_why"), BAD_CALLS)
def test_calls_that_make_no_sense_are_an_error_of_the_provider(calls, told_why):
    decoder = chats().events(chat(stream=True), SSE)
    with pytest.raises(UpstreamError, match=f"provider 'p' has a chunk that is not of its API .*{told_why}"):
        drive(decoder, framed(delta(content="a", tool_calls=calls)))
    assert not decoder.done
    with pytest.raises(UpstreamError):
        decoder.finish()


@pytest.mark.parametrize("data", [b"data: [DONE]\n\n", b": nothing\n\ndata: [DONE]\n\n"])
def test_stream_without_a_chunk_is_an_error_of_the_provider(data):
    with pytest.raises(UpstreamError, match="provider 'p' has a chunk that is missing"):
        chats().events(chat(stream=True), SSE).feed(data)


def body(**message: object) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return msgspec.json.encode({"id": "a1", "created": 7, "model": "theirs", "choices": [choice], "usage": USAGE})


FULL = body(
    content="Hällo",
    reasoning_content="hm",
    thinking_blocks=[{"type": "thinking", "thinking": "hm", "signature": "s1"}],
    refusal="no",
    annotations=[{"type": "url_citation", "url_citation": {"url": "https://e.example"}}],
    tool_calls=[call("c1", "f", '{"q": 1.50}', type="function"), call("c2", "g", {"ü": 1})],
)
FULL_BLOCKS = (
    Thinking("hm", "s1"),
    Text("Hällo", citations=({"url": "https://e.example"},)),
    Refusal("no"),
    ToolCall("c1", "f", '{"q": 1.50}'),
    ToolCall("c2", "g", '{"ü":1}'),
)
FULL_ANSWER = Answer(
    id="a1", model="theirs", created=7, choices=(Choice(FULL_BLOCKS, "tool_calls"),), usage=Usage(9, 5)
)


def test_whole_answer_is_read():
    told = chats().answer(chat(), JSON, FULL)
    assert told == FULL_ANSWER


def test_whole_answer_to_a_stream_is_told_as_one():
    events = told([FULL[:30], FULL[30:]], head=JSON)
    assert gather(events) == FULL_ANSWER


def test_choices_of_a_whole_answer_are_told_apart_without_an_index():
    choices = [{"message": {"content": text}, "finish_reason": "stop"} for text in "ab"]
    told = chats().answer(chat(n=2), JSON, msgspec.json.encode({"choices": choices}))
    assert told.choices == (Choice((Text("a"),)), Choice((Text("b"),), index=1))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b'{"choices":[]}',
        b'{"choices":[3]}',
        b'{"choices":[{"message":[]}]}',
        b'{"choices":[{"message":{"tool_calls":[{"id":"c1"}]}}]}',
        FULL[:-9],
        FULL.replace(b'"c2"', b'"c1"'),
        b'{"choices":' + b"[" * 100_000,
        b'{"error":{"message":"no"}}',
    ],
)
def test_what_is_no_answer_is_an_error_of_the_provider(data):
    with pytest.raises(UpstreamError, match="provider 'p'"):
        chats().answer(chat(), JSON, data)
    decoder = chats().events(chat(stream=True), JSON)
    with pytest.raises(GatewayError, match="provider 'p'"):
        drive(decoder, data)


def test_page_in_place_of_a_stream_is_an_error_of_the_provider():
    with pytest.raises(UpstreamError, match="provider 'p' is text/html"):
        chats().events(chat(stream=True), UpstreamHead(200, {"content-type": "text/html"}))


@pytest.mark.parametrize("created", [-1, 1.5, "x", 10**30, None])
def test_absurd_time_is_none(created):
    data = msgspec.json.encode({"created": created if created != 10**30 else 1, "choices": [{"message": {}}]})
    if created == 10**30:
        data = data.replace(b'"created":1', b'"created":' + str(10**30).encode())
    assert chats().answer(chat(), JSON, data).created == 0

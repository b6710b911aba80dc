"""Streams of events and arrays, at whatever boundaries their bytes come."""

import msgspec
import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.providers.gemini.stream import GeminiStream
from sluicegate.pipeline.errors import GatewayError, InvalidRequest, StreamInterrupted, UpstreamBusy, UpstreamError
from sluicegate.pipeline.form.events import (
    Begin,
    CallBegin,
    CallPart,
    Cited,
    Count,
    End,
    Event,
    TextPart,
    ThinkingPart,
)
from sluicegate.pipeline.reply import Usage
from tests.adapters.providers.gemini.test_answer import ERRORS

STUDIO = (
    b'data: {"candidates":[{"content":{"role":"model","parts":[{"text":"He"}]},"index":0}],"usageMetadata":'
    b'{"promptTokenCount":5,"totalTokenCount":5},"modelVersion":"g","responseId":"r1"}\r\n\r\n'
    b'data: {"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"get","args":{"c":"Oslo"}}}]},'
    b'"index":0,"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":3,'
    b'"totalTokenCount":8},"modelVersion":"g","responseId":"r1"}\r\n\r\n'
)
STUDIO_EVENTS = [
    Begin("r1", "g", usage=Usage(input=5)),
    TextPart("He"),
    Count(Usage(input=5, output=3)),
    CallBegin(0, "call_r1_0_0", "get"),
    CallPart(0, '{"c":"Oslo"}'),
    End("tool_calls"),
]
VERTEX = (
    b'data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]}}],"usageMetadata":{"trafficType":'
    b'"ON_DEMAND"},"modelVersion":"g","createTime":"2026-11-22T10:00:00.000000Z","responseId":"r"}\n\n'
    b'data: {"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"STOP","avgLogprobs":-0.1}'
    b'],"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":1,"totalTokenCount":3,"trafficType":"ON_DEMAND"},'
    b'"modelVersion":"g","createTime":"2026-11-22T10:00:00.000000Z","responseId":"r"}\n\n'
)
VERTEX_EVENTS = [Begin("r", "g"), TextPart("Hi"), Count(Usage(input=2, output=1)), End()]


def frames(stream: bytes) -> list[bytes]:
    """Return the data of a stream's events."""
    return [line[6:] for line in stream.splitlines() if line.startswith(b"data: ")]


def as_array(stream: bytes) -> bytes:
    """Return the same stream as it comes without ``alt=sse``."""
    pretty = [msgspec.json.format(frame, indent=2) for frame in frames(stream)]
    return b"[" + b"\r\n,\r\n".join(pretty) + b"\r\n]\r\n"


def decoder(*, sse: bool = True, choices: int = 1) -> GeminiStream:
    return GeminiStream("google", ERRORS, sse=sse, choices=choices)


def outcome(stream: GeminiStream, pieces: list[bytes]) -> tuple[list[Event], GatewayError | None]:
    """Return the events of a stream, and the error behind them."""
    events: list[Event] = []
    try:
        for piece in pieces:
            events += stream.feed(piece)
        events += stream.finish()
        events += stream.feed(b"")
    except GatewayError as error:
        return events, error
    return events, None


def event(*parts: dict, **fields: object) -> bytes:
    body = {"candidates": [{"content": {"parts": list(parts)}, **fields}], "responseId": "r"}
    return b"data: " + msgspec.json.encode(body) + b"\r\n\r\n"


@pytest.mark.parametrize(("stream", "events"), [(STUDIO, STUDIO_EVENTS), (VERTEX, VERTEX_EVENTS)])
@pytest.mark.parametrize("sse", [True, False])
@given(data=st.data())
def test_examples_are_read_whatever_the_boundaries(stream, events, sse, data):
    sent = stream if sse else as_array(stream)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=8)))
    pieces = [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    reading = decoder(sse=sse)
    assert outcome(reading, pieces) == (events, None)
    assert reading.done


@pytest.mark.parametrize("stream", [STUDIO, VERTEX])
def test_examples_are_of_googles_own_type(stream):
    for frame in frames(stream):
        types.GenerateContentResponse.model_validate_json(frame)


def test_whole_answer_in_place_of_a_stream_is_read():
    (frame,) = frames(event({"text": "Hi"}, finishReason="STOP"))
    events, error = outcome(decoder(sse=False), [frame[:9], frame[9:]])
    assert (events, error) == ([Begin("r"), TextPart("Hi"), End()], None)


def test_thoughts_signatures_and_citations():
    sent = event({"text": "hm", "thought": True}) + event(
        {"functionCall": {"id": "1", "name": "f"}, "thoughtSignature": "s"}
    )
    sent += event(finishReason="STOP", groundingMetadata={"groundingChunks": [{"web": {"uri": "https://a.test"}}]})
    events, _ = outcome(decoder(), [sent])
    assert events == [
        Begin("r"),
        ThinkingPart("hm"),
        CallBegin(0, "1", "f", "s"),
        CallPart(0, "{}"),
        Cited({"url": "https://a.test", "title": ""}),
        End("tool_calls"),
    ]


def test_several_choices_must_all_end():
    first = event({"text": "a"}, finishReason="STOP")
    second = event({"text": "b"}, index=1, finishReason="MAX_TOKENS")
    events, error = outcome(decoder(choices=2), [first + second])
    assert error is None
    assert events[-2:] == [End("stop", 0), End("length", 1)]
    assert isinstance(outcome(decoder(choices=2), [first])[1], StreamInterrupted)
    unfinished = event({"text": "b"}, index=1)
    assert isinstance(outcome(decoder(), [first + unfinished])[1], StreamInterrupted)


@pytest.mark.parametrize("sse", [True, False])
def test_stream_without_a_reason_to_finish_was_cut(sse):
    sent = event({"text": "a"})
    events, error = outcome(decoder(sse=sse), [sent if sse else as_array(sent)])
    assert events == [Begin("r"), TextPart("a")]
    assert isinstance(error, StreamInterrupted)


@pytest.mark.parametrize("sse", [True, False])
def test_nothing_at_all_is_interrupted(sse):
    assert isinstance(outcome(decoder(sse=sse), [b"", b" "])[1], StreamInterrupted)


def test_array_cut_behind_its_answer_is_whole():
    sent = as_array(event({"text": "a"}, finishReason="STOP"))
    assert outcome(decoder(sse=False), [sent[: sent.rindex(b"]")]])[1] is None


ERROR = b'{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED"}}'


@pytest.mark.parametrize(
    ("sse", "sent"),
    [
        (True, event({"text": "a"}) + b"data: " + ERROR + b"\r\n\r\n"),
        (True, event({"text": "a"}) + ERROR),
        (True, event({"text": "a"}) + msgspec.json.format(ERROR, indent=2)),
        (True, event({"text": "a"}) + b"[" + msgspec.json.format(ERROR, indent=2) + b"]"),
        (False, b"[" + frames(event({"text": "a"}))[0] + b",\r\n" + msgspec.json.format(ERROR, indent=2) + b"]"),
    ],
)
def test_error_in_the_middle_is_that_error_however_it_is_framed(sse, sent):
    events, error = outcome(decoder(sse=sse), [sent])
    assert events == [Begin("r"), TextPart("a")]
    assert isinstance(error, UpstreamBusy)
    assert "Quota" in error.message


@pytest.mark.parametrize("sent", [ERROR, b"[" + ERROR + b"]"])
def test_error_in_place_of_a_stream_is_that_error(sent):
    assert isinstance(outcome(decoder(sse=False), [sent])[1], UpstreamBusy)


def test_blocked_prompt_is_the_callers():
    blocked = b'data: {"promptFeedback":{"blockReason":"SAFETY"}}\n\n'
    events, error = outcome(decoder(), [blocked])
    assert (events, type(error)) == ([], InvalidRequest)


def test_model_that_failed_without_a_word_is_an_error():
    events, error = outcome(decoder(), [event(finishReason="MALFORMED_FUNCTION_CALL")])
    assert isinstance(error, UpstreamError)
    assert "MALFORMED_FUNCTION_CALL" in error.message
    assert events == [Begin("r")]


def test_same_id_twice_is_an_error_behind_what_came_before():
    call = event({"functionCall": {"id": "1", "name": "f"}})
    events, error = outcome(decoder(), [call + call])
    assert isinstance(error, UpstreamError)
    assert "two calls" in error.message
    assert events[1] == CallBegin(0, "1", "f")


def test_event_of_five_megabytes_is_read():
    image = {"inlineData": {"mimeType": "image/png", "data": "A" * 5_000_000}}
    events, error = outcome(decoder(), [event(image, finishReason="STOP")])
    assert error is None
    assert isinstance(events[1], TextPart)
    assert len(events[1].text) > 5_000_000


@pytest.mark.parametrize("beginning", [b"data: ", b'{"', b'[{"'])
def test_event_without_an_end_meets_a_limit(beginning):
    pieces = [beginning, *[b"x" * 1_000_000] * 40]
    events, error = outcome(decoder(sse=beginning == b"data: "), pieces)
    assert events == []
    assert isinstance(error, UpstreamError)
    assert "the limit" in error.message


@given(st.sampled_from([STUDIO, VERTEX, as_array(STUDIO)]), st.data())
def test_damage_raises_gateway_errors_only(stream, data):
    damaged = bytearray(stream)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    outcome(decoder(sse=not stream.startswith(b"[")), [bytes(damaged)])

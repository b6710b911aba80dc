"""Streams of Bedrock, at any boundaries, beside what botocore reads in them."""

import base64
from itertools import pairwise

import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.parsers import EventStreamJSONParser
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.pipeline.errors import InvalidRequest, StreamInterrupted, UpstreamBusy, UpstreamError
from sluicegate.pipeline.form.events import TextPart, ThinkingPart
from sluicegate.pipeline.form.gather import gather
from tests.adapters.dialects.openai.asking import read
from tests.adapters.providers.bedrock.asking import SERVICE, bedrock
from tests.adapters.providers.bedrock.examples import (
    DELTA,
    EVENTS,
    EXAMPLE,
    JSON,
    SENT,
    START,
    TOLD,
    USAGE,
)
from tests.adapters.providers.bedrock.frames import framed, message

STREAM_SHAPE = SERVICE.operation_model("ConverseStream").output_shape.members["stream"]


def events_of(sent: bytes, cuts: list[int] | None = None) -> list:
    decoder = bedrock().events(read(), EVENTS)
    places = [0, *sorted(cut % (len(sent) + 1) for cut in cuts or ()), len(sent)]
    events = [event for a, b in pairwise(places) for event in decoder.feed(sent[a:b])]
    return [*events, *decoder.finish(), *decoder.feed(b"")]


@given(st.lists(st.integers(0, 100_000), max_size=8))
def test_example_stream_is_read_at_any_boundaries(cuts):
    answer = gather(events_of(SENT, cuts))
    assert answer.choices[0].blocks == TOLD
    assert (answer.choices[0].finish, answer.usage) == ("tool_calls", USAGE)


def test_example_stream_is_what_botocore_reads():
    buffer = EventStreamBuffer()
    buffer.add_data(SENT)
    parser = EventStreamJSONParser()
    parsed = [parser.parse(one.to_response_dict(), STREAM_SHAPE) for one in buffer]
    assert [next(iter(one)) for one in parsed] == [kind for kind, _ in EXAMPLE]
    texts = [one[DELTA]["delta"]["text"] for one in parsed if "text" in one.get(DELTA, {}).get("delta", {})]
    assert "".join(texts) == TOLD[2].text


def test_stream_without_tokens_is_whole_and_one_without_an_end_is_cut():
    assert gather(events_of(SENT[: -len(message(*EXAMPLE[-1]))])).choices[0].blocks == TOLD
    with pytest.raises(StreamInterrupted):
        events_of(b"".join(message(kind, payload) for kind, payload in EXAMPLE[:-2]))


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        ("throttlingException", {"message": "slow"}, UpstreamBusy),
        ("internalServerException", {"message": "oops"}, UpstreamError),
        ("modelStreamErrorException", {"message": "m", "originalStatusCode": 500}, UpstreamError),
        ("serviceUnavailableException", {}, UpstreamError),
        ("validationException", {"message": "Input is too long"}, InvalidRequest),
    ],
)
def test_exceptions_in_a_stream(kind, payload, expected):
    with pytest.raises(expected) as caught:
        events_of(message(kind, payload, exception=True))
    assert caught.value.retryable == (expected is not InvalidRequest)
    if expected is InvalidRequest:
        assert caught.value.code == "context_length_exceeded"


def test_error_without_a_payload_in_a_stream():
    told = framed({":message-type": "error", ":error-code": "InternalError", ":error-message": "gone wrong"}, b"")
    with pytest.raises(UpstreamError, match="gone wrong"):
        events_of(told)


@pytest.mark.parametrize(
    "sent",
    [
        message(START, {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "", "name": "f"}}}),
        message(START, {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "a", "name": "f"}}})
        + message(START, {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "a", "name": "f"}}}),
        message(DELTA, {"contentBlockIndex": 0, "delta": {"toolUse": {"input": "{"}}}),
        message(DELTA, {"contentBlockIndex": "x"}),
        message(DELTA, []),
        framed({":event-type": DELTA, ":message-type": "event"}, b"{"),
        b"<html><title>502</title></html>",
    ],
)
def test_stream_that_makes_no_sense_is_an_upstream_error(sent):
    with pytest.raises(UpstreamError, match="'aws'"):
        events_of(sent)


def test_what_is_not_known_in_a_stream_is_left_out():
    unknown = [message("newThing", {"a": 1}), message(DELTA, {"contentBlockIndex": 9, "delta": {"image": {}}})]
    assert gather(events_of(b"".join(unknown) + SENT)).choices[0].blocks == TOLD


def test_event_of_five_megabytes_is_read():
    big = message(DELTA, {"contentBlockIndex": 0, "delta": {"text": "x" * 5_000_000}})
    assert len(gather(events_of(big + SENT)).choices[0].blocks[0].text) == 5_000_000


def test_json_in_place_of_a_stream_is_an_upstream_error():
    with pytest.raises(UpstreamError, match="not a stream"):
        bedrock().events(read(), JSON)


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9)
deltas = st.one_of(
    texts.map(lambda text: {"text": text}),
    texts.map(lambda text: {"reasoningContent": {"text": text}}),
    texts.map(lambda text: {"reasoningContent": {"signature": text}}),
    st.binary(min_size=1, max_size=9).map(
        lambda data: {"reasoningContent": {"redactedContent": base64.b64encode(data).decode()}}
    ),
)


@given(st.lists(deltas, min_size=1, max_size=12), st.lists(st.integers(0, 10_000), max_size=6))
def test_any_stream_says_what_botocore_reads_in_it(drawn, cuts):
    sent = [(DELTA, {"contentBlockIndex": index, "delta": delta}) for index, delta in enumerate(drawn)]
    data = b"".join(message(kind, payload) for kind, payload in (*sent, *EXAMPLE[-2:]))
    found = [
        (event.text, getattr(event, "signature", None), getattr(event, "redacted", None))
        for event in events_of(data, cuts)
        if isinstance(event, TextPart | ThinkingPart)
    ]
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    read = [EventStreamJSONParser().parse(one.to_response_dict(), STREAM_SHAPE) for one in buffer]
    expected = []
    for delta in (one[DELTA]["delta"] for one in read if DELTA in one):
        thought = delta.get("reasoningContent", {})
        redacted = thought.get("redactedContent")
        told = base64.b64encode(redacted).decode() if redacted is not None else None
        expected.append((delta.get("text") or thought.get("text", ""), thought.get("signature"), told))
    assert found == expected

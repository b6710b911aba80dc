"""A streamed message becomes events, whatever the boundaries of its bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.providers.anthropic.passing import PassedStream
from sluicegate.adapters.providers.anthropic.stream import MessageEvents
from sluicegate.pipeline.errors import StreamInterrupted, UpstreamError
from sluicegate.pipeline.form.events import (
    Begin,
    CallBegin,
    CallPart,
    Cited,
    Count,
    End,
    TextPart,
    ThinkingPart,
)
from sluicegate.pipeline.reply import ChunkKind, Usage
from tests.adapters.providers.anthropic.samples import STREAM, errors, sse

START = b'{"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":3,"output_tokens":1}}}'
STOP = b'{"type":"message_stop"}'


def read(*pieces):
    decoder = MessageEvents("claude", errors())
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.finish()


def passed(*pieces):
    decoder = PassedStream("claude", errors())
    chunks = [chunk for piece in pieces for chunk in decoder.feed(piece)]
    return [(chunk.event, chunk.kind, chunk.data) for chunk in chunks + decoder.finish()]


def pieces_of(data, draw):
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=12)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@given(st.data())
def test_a_stream_is_read_at_any_boundaries(data):
    assert read(*pieces_of(STREAM, data.draw)) == [
        Begin("msg_2", "c", usage=Usage(input=14, output=1, cached=4)),
        ThinkingPart("hm"),
        ThinkingPart(signature="sig"),
        CallBegin(0, "toolu_1", "get"),
        CallPart(0, '{"c":"Oslo"}'),
        Count(Usage(input=14, output=20, cached=4)),
        End("tool_calls"),
    ]


@given(st.data())
def test_a_stream_passes_at_any_boundaries(data):
    chunks = passed(*pieces_of(STREAM, data.draw))
    assert [(event, kind) for event, kind, _ in chunks] == [
        ("message_start", ChunkKind.HEAD),
        ("content_block_start", ChunkKind.HEAD),
        ("content_block_delta", ChunkKind.CONTENT),
        ("content_block_delta", ChunkKind.CONTENT),
        ("content_block_stop", ChunkKind.HEAD),
        ("content_block_start", ChunkKind.CONTENT),
        ("content_block_delta", ChunkKind.CONTENT),
        ("content_block_delta", ChunkKind.CONTENT),
        ("content_block_stop", ChunkKind.HEAD),
        ("message_delta", ChunkKind.FINISH),
        ("message_stop", ChunkKind.FINISH),
    ]
    assert sse(*(data for _, _, data in chunks)) == STREAM.replace(b'event: ping\ndata: {"type":"ping"}\n\n', b"")


def test_usage_of_a_passing_stream_is_read():
    decoder = PassedStream("claude", errors())
    decoder.feed(STREAM[: STREAM.index(b"event: message_delta")])
    assert decoder.usage == Usage(input=14, output=1, cached=4)
    decoder.feed(STREAM[STREAM.index(b"event: message_delta") :])
    assert decoder.usage == Usage(input=14, output=20, cached=4)


def test_counts_that_are_told_again_are_not_added():
    delta = (
        b'{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":3,"output_tokens":9,'
        b'"cache_read_input_tokens":0,"output_tokens_details":{"thinking_tokens":4}}}'
    )
    assert read(sse(START, delta, STOP))[1] == Count(Usage(input=3, output=9, reasoning=4))


def test_calls_are_counted_among_themselves():
    blocks = [
        b'{"type":"content_block_start","index":%d,"content_block":{"type":"tool_use","id":"t%d","name":"n","input":%s}}'
        % (index, index, given)
        for index, given in ((2, b"{}"), (5, b'{"a":1}'))
    ]
    more = b'{"type":"content_block_delta","index":5,"delta":{"type":"input_json_delta","partial_json":"x"}}'
    other = b'{"type":"content_block_delta","index":9,"delta":{"type":"input_json_delta","partial_json":"x"}}'
    assert read(sse(START, *blocks, more, other, STOP))[1:] == [
        CallBegin(0, "t2", "n"),
        CallBegin(1, "t5", "n"),
        CallPart(1, '{"a":1}'),
        CallPart(1, "x"),
        End(),
    ]


def test_an_answer_that_stops_without_a_reason_has_ended():
    assert read(sse(START, STOP))[1:] == [End()]


def test_text_citations_and_redacted_thoughts_are_read():
    events = [
        b'{"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"xx"}}',
        b'{"type":"content_block_start","index":1,"content_block":{"type":"text","text":"Gr"}}',
        '{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"üße"}}'.encode(),
        b'{"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{"document_title":"M"}}}',
        b'{"type":"content_block_start","index":2,"content_block":{"type":"thinking","thinking":"h"}}',
        b'{"type":"content_block_start","index":3,"content_block":{"type":"server_tool_use","id":"s","name":"w"}}',
        b'{"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"END"}}',
        b'{"type":"something_new","index":[]}'.replace(b"[]", b"4"),
    ]
    assert read(sse(START, *events, STOP))[1:] == [
        ThinkingPart(redacted="xx"),
        TextPart("Gr"),
        TextPart("üße"),
        Cited({"document_title": "M", "title": "M"}),
        ThinkingPart("h"),
        End("stop", stop_text="END"),
    ]


def test_events_without_names_are_read_by_their_types():
    unnamed = b"".join(line + b"\n\n" for line in STREAM.split(b"\n") if line.startswith(b"data"))
    assert read(unnamed) == read(STREAM)
    assert passed(unnamed) == passed(STREAM)


def test_a_stream_without_its_stop_was_cut():
    with pytest.raises(StreamInterrupted, match="'claude'"):
        read(STREAM[: STREAM.index(b"event: message_stop")])


def test_an_error_in_the_stream_tells_by_its_type_whose_it_is():
    overloaded = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    for decoder in (MessageEvents("claude", errors()), PassedStream("claude", errors())):
        assert len(decoder.feed(sse(START, overloaded))) == 1
        with pytest.raises(UpstreamError, match="Overloaded") as caught:
            decoder.feed(b"")
        assert (caught.value.status, caught.value.code, caught.value.retryable) == (503, "overloaded", True)


@pytest.mark.parametrize("payload", [b"not json", b'"Overloaded"', b'{"message":"Overloaded"}'])
def test_an_error_of_another_shape_is_an_error_too(payload):
    with pytest.raises(UpstreamError):
        MessageEvents("claude", errors()).feed(b"event: error\ndata: " + payload + b"\n\n")


def test_two_calls_with_one_id_are_an_upstream_error():
    block = b'{"type":"content_block_start","index":%d,"content_block":{"type":"tool_use","id":"t","name":"n"}}'
    decoder = MessageEvents("claude", errors())
    assert len(decoder.feed(sse(START, block % 0, block % 1))) == 2
    with pytest.raises(UpstreamError, match="one id"):
        decoder.feed(b"")


def test_an_event_of_five_megabytes_is_an_upstream_error():
    big = b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%s"}}' % (b"x" * 5_000_000)
    with pytest.raises(UpstreamError, match=r"'claude'.*limit"):
        MessageEvents("claude", errors()).feed(sse(big))


def test_an_event_that_is_no_text_is_an_upstream_error():
    with pytest.raises(UpstreamError, match="not of its API"):
        PassedStream("claude", errors()).feed(b'data: {"type":"ping","x":"\xff"}\n\n')


def test_lines_of_one_event_leave_as_one():
    decoder = PassedStream("claude", errors())
    (chunk,) = decoder.feed(b'data: {"type":\ndata: "message_stop"}\n\n')
    assert chunk.data == b'{"type": "message_stop"}'
    assert decoder.done

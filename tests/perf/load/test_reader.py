"""Answers, read at every boundary, and what is wrong with some."""

import pytest

from sluicegate.perf.load.reader import Reader

EVENTS = [
    b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n',
    b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n',
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
]
DONE = b"data: [DONE]\n\n"
SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


def chunked(parts, trailer=b""):
    return b"".join(b"%x;a=b\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n" + trailer + b"\r\n"


def stream(events, trailer=b""):
    return SSE + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(events, trailer)


def read(data, *, streamed=False, size=None, end=False):
    """Feed pieces of a size at the times 1, 2, 3...; return the reader."""
    reader = Reader(streamed)
    size = size or max(1, len(data))
    for number, at in enumerate(range(0, len(data), size), 1):
        assert not reader.done
        reader.feed(data[at : at + size], float(number))
    if end and not reader.done:
        reader.end()
    return reader


PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx: y\r\n\r\nhello"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 40, None])
@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunked([b"hel", b"lo"], b"a: b\r\n"),
        b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN,
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
    ids=["length", "chunks", "informed", "none"],
)
def test_a_whole_answer_is_good_at_every_boundary(data, size):
    reader = read(data, size=size)
    assert (reader.done, reader.error, reader.keep) == (True, None, True)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 11, 64, None])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_whole_stream_is_counted_at_every_boundary(size, line_end):
    data = stream([event.replace(b"\n", line_end) for event in [*EVENTS, DONE]])
    reader = read(data, streamed=True, size=size)
    assert (reader.done, reader.error) == (True, None)
    assert reader.events.chunks == 3


def test_first_content_is_not_the_role():
    head = SSE + b"Transfer-Encoding: chunked\r\n\r\n"
    reader = Reader(True)
    for at, data in enumerate([head, *(b"%x\r\n%b\r\n" % (len(e), e) for e in EVENTS)], 1):
        reader.feed(data, float(at))
    assert reader.events.first_content == 3.0


@pytest.mark.parametrize("delta", [b'{"tool_calls":[{"index":0}]}', b'{"reasoning_content":"Hm"}', b'{"content":"x"}'])
def test_tools_and_reasoning_are_content(delta):
    events = [EVENTS[0], b'data: {"choices":[{"index":0,"delta":' + delta + b"}]}\n\n", DONE]
    assert read(stream(events), streamed=True).events.first_content == 1.0


def test_a_stream_without_its_terminator_is_cut_short_however_well_it_is_framed():
    assert read(stream(EVENTS), streamed=True).error == "unterminated"


def test_an_error_within_a_stream_is_told_apart():
    broken = [*EVENTS, b'data: {"error":{"message":"gone","code":"upstream_cut"}}\n\n']
    assert read(stream(broken), streamed=True).error == "stream_error"


def test_a_terminator_within_a_text_is_none():
    said = b'data: {"choices":[{"index":0,"delta":{"content":"data: [DONE]"}}]}\n\n'
    assert read(stream([said]), streamed=True).error == "unterminated"


def test_an_unfinished_terminator_is_none():
    assert read(stream([*EVENTS, b"data: [DONE]"]), streamed=True).error == "unterminated"


def test_a_plain_answer_where_a_stream_was_wanted_is_an_error():
    assert read(PLAIN, streamed=True).error == "no_stream"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "closed"),
        (b"HTTP/1.1 200", "cut"),
        (PLAIN[:-1], "cut"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel", "cut"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", "cut"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", None),
    ],
)
def test_the_end_of_the_connection_cuts_all_but_what_has_no_other_end(data, error):
    reader = read(data, end=True)
    assert (reader.done, reader.error, reader.keep) == (True, error, False)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"SSH-2.0-OpenSSH_9\r\n", "malformed"),
        (b"HTTP/1.1 abc\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", "malformed"),
        (PLAIN + b"!", "surplus"),
        (b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 2\r\n\r\n{}", "http_429"),
    ],
)
def test_what_is_wrong_is_named(data, error):
    assert read(data).error == error


def test_an_error_with_a_whole_body_leaves_the_connection_usable():
    assert read(b"HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n").keep
    assert not read(b"HTTP/1.1 503 X\r\nConnection: close\r\ncontent-length: 0\r\n\r\n").keep


MESSAGES = [
    b'event: message_start\ndata: {"type":"message_start","message":{}}\n\n',
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text"}}\n\n',
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"text":"Hi"}}\n\n',
]
STOPPED = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


def test_a_stream_of_anthropics_ends_with_its_own_terminator_and_begins_with_its_first_piece():
    reader = Reader(True)
    reader.feed(SSE + b"Transfer-Encoding: chunked\r\n\r\n", 1.0)
    for at, event in enumerate([*MESSAGES, STOPPED], 2):
        reader.feed(b"%x\r\n%b\r\n" % (len(event), event), float(at))
    reader.feed(b"0\r\n\r\n", 9.0)
    assert reader.done
    assert (reader.error, reader.events.chunks, reader.events.first_content) == (None, 3, 4.0)


def test_an_error_within_a_stream_of_anthropics_is_told_apart_from_a_cut():
    error = b'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"x"}}\n\n'
    assert read(stream([*MESSAGES, error]), streamed=True).error == "stream_error"
    assert read(stream(MESSAGES), streamed=True).error == "unterminated"

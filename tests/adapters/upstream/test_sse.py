"""The decoder for server-sent events, against the rules of the HTML standard and the habits of real servers."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.upstream.sse import SseDecoder
from sluicegate.pipeline.errors import UpstreamError
from tests.adapters.upstream.decoding import CUTS, cut, outcome

NASTY = (
    b"\xef\xbb\xbf: ping\n\n"
    b'data:{"a":1}\n\n'
    b"event: delta\r\ndata: one\r\ndata: two\r\n\r\n"
    b"id: 7\rretry: 10\rdata: three\r\r"
    b"event: forgotten\n\n"
    b"data\n\n"
    b"unknown: x\ndata:  two spaces\n\n\n\n"
    b'error: {"code":500}\n\n'
    b"data: Gr\xc3\xbc\xc3\x9fe\n\n"
    b"data: [DONE]"
)
EVENTS = [
    ("", b'{"a":1}'),
    ("delta", b"one\ntwo"),
    ("", b"three"),
    ("", b""),
    ("", b" two spaces"),
    ("error", b'{"code":500}'),
    ("", b"Gr\xc3\xbc\xc3\x9fe"),
    ("", b"[DONE]"),
]
PIECES = [
    b"data: x",
    b"data:",
    b"event: e",
    b": c",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\xef\xbb\xbf",
    b"junk",
    b"data: y\n\n",
]


def in_pieces(stream: bytes, size: int) -> list[bytes]:
    return [stream[place : place + size] for place in range(0, len(stream), size)]


def decode(pieces, decoder=None):
    decoder = decoder or SseDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.finish()


def expected(stream: bytes) -> list[tuple[str, bytes]]:
    """Decode a whole stream as plainly as the standard's text says it."""
    lines = re.split(rb"\r\n|\n|\r", stream.removeprefix(b"\xef\xbb\xbf"))
    events, name, data = [], "", []
    for line in [*lines, b""]:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            events += [(name, b"\n".join(data))] if data else []
            name, data = "", []
        elif field == b"event":
            name = value.decode()
        elif field == b"data":
            data.append(value)
    return events


def test_every_oddity_of_real_servers_is_understood():
    assert decode([NASTY]) == EVENTS


def test_stream_split_at_every_place_gives_the_same_events():
    for place in range(len(NASTY) + 1):
        assert decode([NASTY[:place], NASTY[place:]]) == EVENTS


def test_stream_in_single_bytes_gives_the_same_events():
    assert decode(in_pieces(NASTY, 1)) == EVENTS


@given(st.lists(st.sampled_from(PIECES), max_size=30), st.lists(st.integers(0, 200), max_size=8))
def test_any_stream_at_any_boundaries_gives_what_the_standard_says(pieces, cuts):
    stream = b"".join(pieces)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert decode(stream[a:b] for a, b in itertools.pairwise(places)) == expected(stream)


def test_event_is_given_as_soon_as_its_blank_line_is_there():
    decoder = SseDecoder()
    assert decoder.feed(b"data: x\r\n") == []
    assert decoder.feed(b"\r") == [("", b"x")]
    assert decoder.feed(b"\ndata: y\n\n") == [("", b"y")]


def test_name_that_came_before_is_kept_for_its_event():
    decoder = SseDecoder()
    assert decoder.feed(b"event: delta\n") == []
    assert decoder.feed(b"data: x\n\ndata: y\n\n") == [("delta", b"x"), ("", b"y")]


def test_empty_feed_changes_nothing():
    decoder = SseDecoder()
    assert decoder.feed(b"") == []
    assert decoder.feed(b"data: x\r") == []
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\n\r\n") == [("", b"x")]


def test_byte_order_mark_later_in_the_stream_is_no_mark():
    assert decode([b"data: x\n\n", b"\xef\xbb\xbfdata: y\n\n"]) == [("", b"x")]


def test_finish_twice_gives_the_last_event_once():
    decoder = SseDecoder()
    decoder.feed(b"data: x")
    assert decoder.finish() == [("", b"x")]
    assert decoder.finish() == []


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_line_over_its_limit_is_refused_however_it_comes(size):
    line = b"data: " + b"x" * 95 + b"\n\n"
    decoder = SseDecoder("provider 'p'", max_line=100)
    with pytest.raises(UpstreamError, match="provider 'p' has a line of over 100 bytes"):
        decode(in_pieces(line, size), decoder)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_event_over_its_limit_is_refused_however_it_comes(size):
    event = b"data: 123456789\n" * 11
    decoder = SseDecoder("provider 'p'", max_event=100)
    with pytest.raises(UpstreamError, match="an event of over 100 bytes"):
        decode(in_pieces(event, size), decoder)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_line_and_event_at_their_limits_pass(size):
    event = b"data: " + b"x" * 94 + b"\n\n"
    decoder = SseDecoder(max_line=100, max_event=94)
    assert decode(in_pieces(event, size), decoder) == [("", b"x" * 94)]


def test_many_small_events_together_may_be_more_than_one_may_be():
    assert len(SseDecoder(max_line=20, max_event=20).feed(b"data: x\n\n" * 100)) == 100


def test_comments_for_ever_keep_nothing():
    decoder = SseDecoder(max_line=20, max_event=20)
    for _ in range(1000):
        assert decoder.feed(b": keep-alive\n\n") == []
    assert decoder.feed(b"data: x\n\n") == [("", b"x")]


def test_error_waits_for_the_events_before_it():
    decoder = SseDecoder(max_line=20)
    assert decoder.feed(b"data: x\n\n" + b"y" * 30) == [("", b"x")]
    for call in (lambda: decoder.feed(b""), lambda: decoder.feed(b"data: z\n\n"), decoder.finish):
        with pytest.raises(UpstreamError, match="a line of over 20 bytes"):
            call()


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=30).map(b"".join), CUTS)
def test_any_bytes_at_any_boundaries_give_the_same_events_or_the_same_error(stream, cuts):
    def limited():
        return SseDecoder(max_line=10, max_event=12)

    whole = outcome(limited(), [stream])
    assert outcome(limited(), cut(stream, cuts)) == whole
    assert all(len(data) <= 12 for _, data in whole[0])


@given(
    st.lists(st.text("aü€😀\u2028\x85 ", min_size=1, max_size=9), min_size=1, max_size=4), st.sampled_from("nrc"), CUTS
)
def test_text_of_several_bytes_a_letter_survives_every_cut(lines, end, cuts):
    ended = {"n": b"\n", "r": b"\r", "c": b"\r\n"}[end]
    stream = b"".join(b"data: " + line.encode() + ended for line in lines) + ended
    assert outcome(SseDecoder(), cut(stream, cuts)) == ([("", "\n".join(lines).encode())], "")

"""The reader of answers, without sockets: every framing, in whatever pieces the bytes come."""

import gc
import weakref
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.upstream.channel import READ
from sluicegate.adapters.upstream.h1_reader import MAX_HEAD, CutShort, H1Reader
from tests.adapters.upstream.framings import BAD, CHUNKED, GOOD, OK, Bad, Good


def read(sent: bytes, method: str = "POST", cuts: list[int] | None = None) -> tuple[H1Reader, bytes]:
    """Feed bytes in pieces as a connection does: not behind the end, nor behind a fault."""
    reader = H1Reader(method)
    body = b""
    places = sorted({0, len(sent), *range(0, len(sent), READ), *(cut for cut in cuts or [] if cut < len(sent))})
    for start, end in pairwise(places):
        if not reader.complete and reader.fault is None:
            reader.feed(sent[start:end])
            body += reader.take()
    reader.end()
    return reader, body


@pytest.mark.parametrize("name", GOOD)
def test_good_answer_is_complete(name):
    good = GOOD[name]
    reader, body = read(good.sent, good.method)
    assert (reader.complete, reader.fault) == (True, None)
    assert (reader.status, body, reader.keep) == (good.status, body, good.keep)
    assert body == good.body


@pytest.mark.parametrize("name", BAD)
def test_bad_answer_is_a_fault(name):
    bad = BAD[name]
    reader, body = read(bad.sent)
    assert reader.fault is not None
    assert not reader.complete
    assert body == (bad.body or b"")


@pytest.mark.parametrize("name", [name for name in GOOD if len(GOOD[name].sent) < 300])
def test_pieces_of_one_byte_make_no_difference(name):
    good = GOOD[name]
    reader, body = read(good.sent, good.method, list(range(len(good.sent))))
    assert (reader.complete, reader.status, body) == (True, good.status, good.body)


@pytest.mark.parametrize("name", [name for name in BAD if len(BAD[name].sent) < 1000])
def test_bad_answer_in_pieces_of_one_byte_is_a_fault(name):
    reader, body = read(BAD[name].sent, cuts=list(range(len(BAD[name].sent))))
    assert reader.fault is not None
    assert body == (BAD[name].body or b"")


@pytest.mark.parametrize("name", [name for name, good in GOOD.items() if not good.ends])
def test_answer_that_stops_anywhere_before_its_end_is_cut_short(name):
    good = GOOD[name]
    whole = min(end for end in range(len(good.sent) + 1) if read_part(good, end).complete)
    for end in range(whole):
        reader = read_part(good, end)
        reader.end()
        assert isinstance(reader.fault, CutShort), end
        assert not reader.complete


def read_part(good: Good, end: int) -> H1Reader:
    reader = H1Reader(good.method)
    if end:
        reader.feed(good.sent[:end])
    return reader


@given(st.data())
def test_random_pieces_make_no_difference(data):
    case = data.draw(st.sampled_from([case for case in (*GOOD.values(), *BAD.values()) if len(case.sent) < 500_000]))
    cuts = data.draw(st.lists(st.integers(0, len(case.sent)), max_size=30))
    method = case.method if isinstance(case, Good) else "POST"
    whole, expected = read(case.sent, method)
    reader, body = read(case.sent, method, cuts)
    assert (reader.status, reader.headers, body) == (whole.status, whole.headers, expected)
    assert (reader.complete, reader.fault is None) == (whole.complete, whole.fault is None)
    if isinstance(case, Bad):
        assert reader.fault is not None


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=20), st.lists(st.integers(0, 2000), max_size=20))
def test_any_chunks_in_any_pieces_make_the_same_body(parts, cuts):
    sent = CHUNKED + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    reader, body = read(sent, cuts=cuts)
    assert reader.complete
    assert body == b"".join(parts)


@given(st.binary(max_size=400))
def test_random_bytes_are_never_an_exception(data):
    for prefix in (b"", OK, CHUNKED):
        reader, _ = read(prefix + data)
        assert reader.complete or reader.fault is not None


def test_what_came_before_a_fault_in_the_same_bytes_is_not_lost():
    reader = H1Reader("POST")
    reader.feed(CHUNKED + b"3\r\none\r\nzz\r\n")
    assert reader.take() == b"one"
    assert reader.fault is not None


def test_headers_keep_their_bytes_and_order_and_trailers_stay_out():
    reader, _ = read(OK + b"B: 1\r\na:  x y \r\nB: \xe4\r\nE:\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: 1\r\n\r\n")
    assert reader.headers[:4] == [(b"B", b"1"), (b"a", b"x y"), (b"B", b"\xe4"), (b"E", b"")]
    assert len(reader.headers) == 5


def test_a_line_without_an_end_is_given_up_soon_after_the_limit():
    reader = H1Reader("POST")
    fed = 0
    while reader.fault is None:
        reader.feed(OK + b"X: " if not fed else b"y" * 1000)
        fed += 1000
    assert fed <= MAX_HEAD + 2000


def test_many_small_chunks_are_no_flood():
    reader, body = read(CHUNKED + b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n", cuts=list(range(0, 600_000, 4096)))
    assert reader.complete
    assert len(body) == 100_000


def test_nothing_behind_a_fault_is_taken_for_a_part_of_the_answer():
    flood = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 17
    reader = H1Reader("GET")
    reader.feed(flood + b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    assert reader.fault is not None
    assert (reader.headers, reader.head_done) == ([], False)


def test_a_reader_that_was_closed_leaves_nothing_for_the_garbage_collector():
    reader, _ = read(OK + b"content-length: 2\r\n\r\n{}")
    reader.close()
    gone = weakref.ref(reader)
    gc.disable()
    try:
        del reader
        assert gone() is None
    finally:
        gc.enable()


def test_what_a_closed_reader_has_read_can_still_be_taken_and_more_is_unwanted():
    reader = H1Reader("POST")
    reader.feed(OK + b"content-length: 2\r\n\r\n{}")
    reader.close()
    reader.feed(b"HTTP/1.1 200 OK\r\n")
    assert (reader.take(), reader.complete, reader.surplus) == (b"{}", True, True)

"""The decoder for JSON values, one a line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.upstream.ndjson import NdjsonDecoder
from sluicegate.pipeline.errors import UpstreamError
from tests.adapters.upstream.decoding import CUTS, cut, outcome

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
PIECES = [b'{"a":1}', b"\n", b"\r\n", b"\r", b" ", b"\t", b"x", b"\xc3", b"\xbc", b"\n\n", b"0123456789"]


def test_lines_come_without_their_ends_and_blank_ones_not_at_all():
    stream = b'{"a":1}\n\r\n  \n{"b":"\xc3\xbc"}\r\n\t[2] \n"last"'
    assert outcome(NdjsonDecoder(), [stream]) == ([b'{"a":1}', b'{"b":"\xc3\xbc"}', b"[2]", b'"last"'], "")


def test_a_line_is_given_as_soon_as_its_end_is_there():
    decoder = NdjsonDecoder()
    assert decoder.feed(b'{"a"') == []
    assert decoder.feed(b":1}") == []
    assert decoder.feed(b'\n{"b"') == [b'{"a":1}']
    assert decoder.feed(b"") == []
    assert decoder.feed(b':2}\n{"c":3}\n') == [b'{"b":2}', b'{"c":3}']
    assert decoder.finish() == []


@given(st.lists(VALUES, max_size=8), st.sampled_from([b"\n", b"\r\n", b"\n\n"]), st.booleans(), CUTS)
def test_values_come_out_as_they_went_in_at_any_boundaries(values, end, unescaped, cuts):
    stream = end.join(json.dumps(value, ensure_ascii=not unescaped).encode("utf-8", "replace") for value in values)
    items, error = outcome(NdjsonDecoder(), cut(stream, cuts))
    assert error == ""
    assert b"\n".join(items) == stream.replace(end, b"\n")


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=30).map(b"".join), CUTS)
def test_any_bytes_at_any_boundaries_give_the_same_lines_or_the_same_error(stream, cuts):
    whole = outcome(NdjsonDecoder(max_line=12), [stream])
    assert outcome(NdjsonDecoder(max_line=12), cut(stream, cuts)) == whole
    lines = [line.strip(b" \t\r") for line in stream.split(b"\n")]
    short = [line for line in lines if line]
    assert whole[0] == short[: len(whole[0])]
    assert (whole[1] == "") == all(len(line) <= 12 for line in stream.split(b"\n"))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_line_over_its_limit_is_refused_however_it_comes(size):
    for over in (0, 1):
        line = b'"' + b"x" * (98 + over) + b'"\n'
        pieces = [line[at : at + size] for at in range(0, len(line), size)]
        told = "the stream of provider 'p' has a line of over 100 bytes, the limit" if over else ""
        assert outcome(NdjsonDecoder("provider 'p'", max_line=100), pieces)[1] == told


def test_an_error_waits_for_the_lines_before_it_and_stays():
    decoder = NdjsonDecoder(max_line=20)
    assert decoder.feed(b"1\n2\n" + b"y" * 30) == [b"1", b"2"]
    for call in (lambda: decoder.feed(b""), lambda: decoder.feed(b"3\n"), decoder.finish):
        with pytest.raises(UpstreamError, match="a line of over 20 bytes"):
            call()

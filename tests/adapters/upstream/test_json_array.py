"""The decoder for one JSON array, element by element."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.upstream.json_array import JsonArrayDecoder
from sluicegate.pipeline.errors import StreamInterrupted, UpstreamError
from tests.adapters.upstream.decoding import CUTS, cut, outcome
from tests.adapters.upstream.test_ndjson import VALUES

GEMINI = (
    b'[{\n  "candidates": [{"content": {"parts": [{"text": "a ] } \\" \\\\"}]}}]\n}\n,\r\n'
    b'{"text": "\xc3\xbc[{"}\n,\n{"usageMetadata": {"totalTokenCount": 7}}\n]\n'
)
PIECES = [b"[", b"]", b"{", b"}", b",", b'"', b"\\", b'\\"', b" ", b"\n", b"1", b"null", b'{"a":1}', b"\xff", b"x"]


def test_what_google_sends_comes_apart_into_its_elements():
    decoder = JsonArrayDecoder()
    items = decoder.feed(GEMINI)
    assert [json.loads(item) for item in items] == json.loads(GEMINI)
    assert decoder.done
    assert decoder.finish() == []


def test_the_stream_split_at_every_place_gives_the_same_elements():
    whole = outcome(JsonArrayDecoder(), [GEMINI])
    assert outcome(JsonArrayDecoder(), [GEMINI[at : at + 1] for at in range(len(GEMINI))]) == whole
    for place in range(len(GEMINI)):
        assert outcome(JsonArrayDecoder(), [GEMINI[:place], GEMINI[place:]]) == whole


def test_an_element_is_given_with_its_own_last_byte_and_not_with_the_comma():
    decoder = JsonArrayDecoder()
    assert decoder.feed(b'[{"a": [1') == []
    assert decoder.feed(b"]}") == [b'{"a": [1]}']
    assert decoder.feed(b"\n,\n") == []
    assert not decoder.done
    assert decoder.feed(b'"x') == []
    assert decoder.feed(b'"') == [b'"x"']
    assert decoder.feed(b", 12") == []
    assert decoder.feed(b"3 ]") == [b"123"]
    assert decoder.done


@given(st.lists(VALUES, max_size=8), st.sampled_from([None, 1]), st.booleans(), CUTS)
def test_values_come_out_as_they_went_in_at_any_boundaries(values, indent, unescaped, cuts):
    stream = json.dumps(values, indent=indent, ensure_ascii=not unescaped).encode("utf-8", "replace")
    items, error = outcome(JsonArrayDecoder(), cut(stream, cuts))
    assert error == ""
    assert [json.loads(item) for item in items] == json.loads(stream)


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=30).map(b"".join), st.booleans(), CUTS)
def test_any_bytes_at_any_boundaries_give_the_same_elements_or_the_same_error(stream, opened, cuts):
    stream = b"[" + stream if opened else stream
    whole = outcome(JsonArrayDecoder(max_element=12), [stream])
    assert outcome(JsonArrayDecoder(max_element=12), cut(stream, cuts)) == whole
    assert all(len(item) <= 12 for item in whole[0])
    try:
        value = json.loads(stream)
    except ValueError:
        return
    assert whole[1] or [json.loads(item) for item in whole[0]] == value


@pytest.mark.parametrize(
    ("sent", "before", "told"),
    [
        (b'{"error": 1}', [], "'{' stands before its ["),
        (b"[,", [], "',' stands before the first element or the ]"),
        (b"[}", [], "'}' stands before the first element or the ]"),
        (b"[1,]", [b"1"], "']' stands before an element"),
        (b"[1,,2]", [b"1"], "',' stands before an element"),
        (b"[{} {}]", [b"{}"], "'{' stands before a comma or the ]"),
        (b'["a" 1]', [b'"a"'], "'1' stands before a comma or the ]"),
        (b"[{}] x", [b"{}"], "'x' stands behind its ]"),
        (b"[\xff]x", [b"\xff"], "'x' stands behind its ]"),
        (b"\xff", [], "'\\xff' stands before its ["),
    ],
)
def test_what_is_no_array_is_refused_where_it_shows(sent, before, told):
    items, error = outcome(JsonArrayDecoder("provider 'p'"), [sent])
    assert error == f"the stream of provider 'p' is no JSON array: {told}"
    assert items == before


@pytest.mark.parametrize("sent", [b"", b" \n", b"[", b"[1", b"[1,", b'[{"a":1}', b'[{"a":"', b'["\\'])
def test_an_array_that_is_cut_never_looks_complete(sent):
    decoder = JsonArrayDecoder("provider 'p'")
    decoder.feed(sent)
    with pytest.raises(StreamInterrupted, match="ended before its JSON array did"):
        decoder.finish()


@pytest.mark.parametrize("form", [b'"%b"', b"[%b1]", b"%b10"], ids=["text", "array", "number"])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_an_element_over_its_limit_is_refused_however_it_comes(size, form):
    for over in (0, 1):
        filler = b"1" * (100 + over - len(form % b""))
        stream = b"[" + form % filler + b"]"
        told = "the stream of provider 'p' has an element of over 100 bytes, the limit" if over else ""
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert outcome(JsonArrayDecoder("provider 'p'", max_element=100), pieces)[1] == told


def test_many_elements_together_may_be_more_than_one_may_be_and_blanks_do_not_count():
    decoder = JsonArrayDecoder(max_element=5)
    assert decoder.feed(b"[" + b" " * 9 + b"1,  [1,2]" + b" " * 9) == [b"1", b"[1,2]"]
    assert JsonArrayDecoder(max_element=5).feed(b"[" + b"[1,2]," * 100) == [b"[1,2]"] * 100
    assert JsonArrayDecoder(max_element=5).feed(b" " * 50 + b"[" + b" " * 50 + b"1" + b"]" + b" " * 50) == [b"1"]


def test_an_error_waits_for_the_elements_before_it_and_stays():
    decoder = JsonArrayDecoder()
    assert decoder.feed(b"[1,2 ,]") == [b"1", b"2"]
    for call in (lambda: decoder.feed(b""), lambda: decoder.feed(b"3"), decoder.finish):
        with pytest.raises(UpstreamError, match="stands before an element"):
            call()

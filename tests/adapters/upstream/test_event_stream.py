"""The decoder for AWS's event streams, against messages written here, and against botocore's own decoder."""

import struct
from uuid import UUID
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer, ParserError
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.upstream.event_stream import EventMessage, EventStreamDecoder
from sluicegate.pipeline.errors import StreamInterrupted, UpstreamError
from tests.adapters.upstream.decoding import CUTS, cut, outcome


def framed(headers: bytes, payload: bytes) -> bytes:
    lengths = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    head = lengths + struct.pack(">I", crc32(lengths)) + headers + payload
    return head + struct.pack(">I", crc32(head))


def header(name: str, kind: int, value: bytes = b"") -> bytes:
    raw = name.encode()
    return bytes([len(raw)]) + raw + bytes([kind]) + value


def sized(value: bytes) -> bytes:
    return struct.pack(">H", len(value)) + value


TEXT = header(":event-type", 7, sized(b"contentBlockDelta"))
ALL_KINDS = (
    header("true", 0)
    + header("false", 1)
    + header("byte", 2, struct.pack(">b", -3))
    + header("short", 3, struct.pack(">h", -300))
    + header("integer", 4, struct.pack(">i", -70_000))
    + header("long", 5, struct.pack(">q", -(2**40)))
    + header("bytes", 6, sized(b"\x00\xff"))
    + header("text", 7, sized("grün".encode()))
    + header("timestamp", 8, struct.pack(">q", 1_700_000_000_123))
    + header("uuid", 9, bytes(range(16)))
)
MEANT = {
    "true": True,
    "false": False,
    "byte": -3,
    "short": -300,
    "integer": -70_000,
    "long": -(2**40),
    "bytes": b"\x00\xff",
    "text": "grün",
    "timestamp": 1_700_000_000_123,
    "uuid": UUID(bytes=bytes(range(16))),
}

VALUES = st.one_of(
    st.sampled_from([(0, b""), (1, b"")]),
    st.binary(min_size=1, max_size=1).map(lambda raw: (2, raw)),
    st.binary(min_size=2, max_size=2).map(lambda raw: (3, raw)),
    st.binary(min_size=4, max_size=4).map(lambda raw: (4, raw)),
    st.binary(min_size=8, max_size=8).flatmap(lambda raw: st.sampled_from([(5, raw), (8, raw)])),
    st.binary(max_size=40).map(lambda raw: (6, sized(raw))),
    st.text(max_size=20).map(lambda text: (7, sized(text.encode()))),
    st.binary(min_size=16, max_size=16).map(lambda raw: (9, raw)),
)
HEADERS = st.dictionaries(st.text("abc:-ü", min_size=1, max_size=8), VALUES, max_size=5).map(
    lambda found: b"".join(header(name, kind, raw) for name, (kind, raw) in found.items())
)
MESSAGES = st.builds(framed, HEADERS, st.binary(max_size=60))


def by_botocore(stream: bytes) -> list[EventMessage]:
    buffer = EventStreamBuffer()
    buffer.add_data(stream)
    return [EventMessage(message.headers, message.payload) for message in buffer]


def with_raw_uuids(messages: list[EventMessage]) -> list[EventMessage]:
    return [
        EventMessage({n: v.bytes if isinstance(v, UUID) else v for n, v in one.headers.items()}, one.payload)
        for one in messages
    ]


def test_headers_of_every_kind_are_read():
    (message,) = EventStreamDecoder().feed(framed(ALL_KINDS, b"{}"))
    assert message == EventMessage(MEANT, b"{}")
    assert {name: type(value) for name, value in message.headers.items()} == {n: type(v) for n, v in MEANT.items()}


def test_a_message_is_given_with_its_last_byte_and_those_together_come_together():
    stream = framed(TEXT, b'{"a":1}') + framed(b"", b"") + framed(TEXT, b"third")
    decoder = EventStreamDecoder()
    first = len(framed(TEXT, b'{"a":1}'))
    for at in range(first - 1):
        assert decoder.feed(stream[at : at + 1]) == []
    assert [one.payload for one in decoder.feed(stream[first - 1 : first])] == [b'{"a":1}']
    assert [one.payload for one in decoder.feed(stream[first:])] == [b"", b"third"]
    assert decoder.feed(b"") == decoder.finish() == []


@given(st.lists(MESSAGES, max_size=5).map(b"".join), CUTS)
def test_messages_at_any_boundaries_are_what_botocore_reads(stream, cuts):
    whole, error = outcome(EventStreamDecoder(), [stream])
    assert error == ""
    assert outcome(EventStreamDecoder(), cut(stream, cuts)) == (whole, "")
    assert with_raw_uuids(whole) == by_botocore(stream)


@given(MESSAGES, st.data())
def test_one_wrong_bit_is_never_taken_for_a_message(message, data):
    at = data.draw(st.integers(0, len(message) * 8 - 1))
    damaged = bytearray(message)
    damaged[at // 8] ^= 1 << at % 8
    items, error = outcome(EventStreamDecoder(), [bytes(damaged)])
    assert items == []
    assert "checksum" in error


@given(st.binary(max_size=200), CUTS)
def test_any_bytes_at_any_boundaries_give_the_one_documented_error(stream, cuts):
    whole = outcome(EventStreamDecoder(), [stream])
    assert outcome(EventStreamDecoder(), cut(stream, cuts)) == whole
    assert (whole[1] == "") == (stream == b"")


@given(st.binary(max_size=60), st.binary(max_size=10))
def test_any_headers_are_read_as_botocore_reads_them_or_refused(headers, payload):
    stream = framed(headers, payload)
    items, error = outcome(EventStreamDecoder(), [stream])
    if error:
        assert error.startswith("the stream of the upstream is no AWS event stream: the headers of a message are wrong")
    else:
        try:
            theirs = by_botocore(stream)
        except (ParserError, struct.error, KeyError, UnicodeDecodeError):
            pytest.fail("botocore refuses what ours takes")
        assert with_raw_uuids(items) == theirs


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        (header("a", 10), "there is no type 10"),
        (header("", 0), "a name is empty, or there twice"),
        (header("a", 0) + header("a", 1), "a name is empty, or there twice"),
        (header("a", 6, b"\x00\x05abc"), "a value is longer than the headers"),
        (header("a", 7, sized(b"\xff")), "'utf-8' codec can't decode"),
        (header("a", 5, b"1234567"), "unpack_from requires a buffer"),
        (header("a", 9, b"123456789012345"), "unpack_from requires a buffer"),
        (header("a", 6, b"\x00"), "unpack_from requires a buffer"),
        (b"\x05a", "unpack_from requires a buffer"),
        (b"\x01a", "unpack_from requires a buffer"),
    ],
)
def test_headers_that_are_wrong_are_refused_with_the_reason(headers, why):
    items, error = outcome(EventStreamDecoder("provider 'p'"), [framed(headers, b"payload")])
    assert items == []
    assert error.startswith(
        f"the stream of provider 'p' is no AWS event stream: the headers of a message are wrong ({why}"
    )


def lengths(total: int, headers: int) -> bytes:
    packed = struct.pack(">II", total, headers)
    return packed + struct.pack(">I", crc32(packed))


@pytest.mark.parametrize(
    ("prelude", "told"),
    [
        (lengths(101, 0), "the stream of provider 'p' has a message of over 100 bytes, the limit"),
        (lengths(2**32 - 1, 0), "the stream of provider 'p' has a message of over 100 bytes, the limit"),
        (lengths(100, 51), "the stream of provider 'p' has headers of over 50 bytes, the limit"),
        (lengths(60, 45), "the stream of provider 'p' is no AWS event stream: a message is shorter than its headers"),
        (lengths(15, 0), "the stream of provider 'p' is no AWS event stream: a message is shorter than its headers"),
        (
            b"HTTP/1.1 200",
            "the stream of provider 'p' is no AWS event stream: the checksum of a message's lengths is wrong",
        ),
    ],
)
def test_a_length_that_cannot_be_is_refused_before_a_byte_of_the_message_is_waited_for(prelude, told):
    decoder = EventStreamDecoder("provider 'p'", max_message=100, max_headers=50)
    with pytest.raises(UpstreamError) as caught:
        decoder.feed(prelude)
    assert caught.value.message == told


def test_a_message_at_its_limits_passes():
    message = framed(header("a", 6, sized(b"x" * 45)), b"y" * 34)
    assert len(message) == 100
    assert len(EventStreamDecoder(max_message=100, max_headers=50).feed(message * 3)) == 3


@pytest.mark.parametrize("kept", [1, 11, 12, 13, -1])
def test_a_stream_that_ends_amid_a_message_was_cut(kept):
    decoder = EventStreamDecoder("provider 'p'")
    assert len(decoder.feed(framed(TEXT, b"one") + framed(TEXT, b"two")[:kept])) == 1
    with pytest.raises(StreamInterrupted, match="the stream of provider 'p' ended amid a message"):
        decoder.finish()


def test_an_error_waits_for_the_messages_before_it_and_stays():
    decoder = EventStreamDecoder()
    assert len(decoder.feed(framed(TEXT, b"one") + b"x" * 12)) == 1
    for call in (lambda: decoder.feed(b""), lambda: decoder.feed(framed(TEXT, b"two")), decoder.finish):
        with pytest.raises(UpstreamError, match="the checksum of a message's lengths is wrong"):
            call()

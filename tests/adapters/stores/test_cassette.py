"""The format of cassettes: what is written is read, also by others, also after a crash."""

import gzip

import msgpack
import pytest

from sluicegate.adapters.stores.cassette import NotACassette, head_bytes, read_cassette, take_bytes
from sluicegate.pipeline.take import RecordedAttempt, RecordedChunk, Take

HEAD = head_bytes(created=1.5, by="a test")
TAKES = [
    Take(0.5, "chat", model="demo", body=b"{}", headers={"a": "b"}, plan=("x/y",), usage={"input": 3}),
    Take(
        -0.25,
        "embedding",
        attempts=(RecordedAttempt("x/y", 0.1, 0.2, None, "upstream_error"),),
        chunks=(RecordedChunk(0.5, 12, b"data"), RecordedChunk(0.75, 3)),
        code="upstream_error",
        status=502,
    ),
]


def cassette(folder, data):
    path = folder / "a.cassette"
    path.write_bytes(data)
    return path


def whole():
    return HEAD + b"".join(map(take_bytes, TAKES))


def test_what_is_written_is_read(tmp_path):
    assert list(read_cassette(cassette(tmp_path, whole()))) == TAKES


def test_one_that_is_packed_with_gzip_is_read_as_it_is(tmp_path):
    assert list(read_cassette(cassette(tmp_path, gzip.compress(whole())))) == TAKES


def test_an_arrival_can_take_the_place_of_the_takes_own(tmp_path):
    (take,) = read_cassette(cassette(tmp_path, HEAD + take_bytes(TAKES[0], arrival=7.0)))
    assert take.arrival == 7.0


def test_whatever_the_end_is_cut_to_the_takes_before_it_are_read(tmp_path):
    data = whole()
    for cut in range(len(HEAD), len(data) + 1):
        wanted = sum(len(HEAD + b"".join(map(take_bytes, TAKES[:n]))) <= cut for n in (1, 2))
        assert list(read_cassette(cassette(tmp_path, data[:cut]))) == TAKES[:wanted], cut


def test_what_a_newer_program_adds_is_passed_over(tmp_path):
    newer = msgpack.unpackb(take_bytes(TAKES[1]))
    newer["mood"] = "good"
    newer["attempts"][0]["mood"] = newer["chunks"][0]["mood"] = "good"
    assert list(read_cassette(cassette(tmp_path, HEAD + msgpack.packb(newer)))) == [TAKES[1]]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"hello", "is no cassette"),
        (b"\xc1", "no msgpack"),
        (msgpack.packb({"format": "other"}), "is no cassette"),
        (msgpack.packb({"format": "sluicegate-cassette", "version": 99}), "version 99; this program reads version 1"),
        (gzip.compress(whole())[:-12], "its end is missing"),
        (gzip.compress(whole())[:40] + b"nonsense" * 40, "no msgpack"),
    ],
)
def test_what_is_no_cassette_is_told(tmp_path, data, told):
    with pytest.raises(NotACassette, match=told):
        list(read_cassette(cassette(tmp_path, data)))


@pytest.mark.parametrize("size", [0, 1, 20])
def test_a_file_that_a_crash_has_left_without_a_whole_head_holds_nothing(tmp_path, size):
    path = tmp_path / "cut.cassette"
    path.write_bytes(head_bytes(created=1.0, by="test")[:size])
    assert list(read_cassette(path)) == []

"""Compressed answers, undone in pieces."""

import gzip
import zlib

import pytest

from sluicegate.adapters.upstream.coding import PIECE, Inflate, decoder_for
from sluicegate.pipeline.errors import UpstreamError

TEXT = b"water " * 1000
TWO_MEMBERS = gzip.compress(TEXT[:600]) + gzip.compress(TEXT[600:])


def unpack(decoder: Inflate, packed: bytes, size: int) -> bytes:
    return b"".join(
        piece for place in range(0, len(packed), size) for piece in decoder.feed(packed[place : place + size])
    )


@pytest.mark.parametrize("size", [1, 10, 10_000])
@pytest.mark.parametrize("packed", [gzip.compress(TEXT), zlib.compress(TEXT), TWO_MEMBERS])
def test_gzip_and_zlib_are_undone_at_any_boundaries(packed, size):
    decoder = Inflate("host")
    assert unpack(decoder, packed, size) == TEXT
    assert decoder.complete


def test_what_was_flushed_comes_out_at_once():
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    decoder = Inflate("host")
    sent = packer.compress(b"data: x\n\n") + packer.flush(zlib.Z_SYNC_FLUSH)
    assert b"".join(decoder.feed(sent)) == b"data: x\n\n"
    assert not decoder.complete


def test_body_that_unpacks_to_a_huge_one_comes_in_small_pieces():
    pieces = Inflate("host").feed(gzip.compress(bytes(50 * PIECE)))
    sizes = [len(piece) for piece in pieces]
    assert sum(sizes) == 50 * PIECE
    assert max(sizes) <= PIECE


def test_truncated_body_is_not_complete():
    decoder = Inflate("host")
    unpack(decoder, gzip.compress(TEXT)[:-4], 100)
    assert not decoder.complete


def test_empty_body_is_complete():
    assert Inflate("host").complete


def test_body_that_is_not_compressed_is_an_upstream_error():
    with pytest.raises(UpstreamError, match="host says that it is compressed, but is not"):
        list(Inflate("host").feed(b'{"plain": true}'))


@pytest.mark.parametrize("name", ["", "identity", " Identity "])
def test_identity_needs_no_decoder(name):
    assert decoder_for(name, "host") is None


@pytest.mark.parametrize("name", ["br", "zstd", "gzip, gzip"])
def test_coding_that_was_not_asked_for_is_an_upstream_error(name):
    with pytest.raises(UpstreamError, match="was not asked for"):
        decoder_for(name, "host")

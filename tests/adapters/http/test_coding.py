"""Bodies that come compressed: what is taken, and what a small one cannot do by unpacking to a large one."""

import gzip
import json
import zlib

import pytest
import trio

from sluicegate.adapters.http.coding import unpacking_for
from sluicegate.pipeline.errors import InvalidRequest
from tests.adapters.http.harness import CHAT, house, read_answer, request
from tests.upstreams.faulty import FaultyUpstream, answer

CHATS = "/v1/chat/completions"
MIB = 1024 * 1024
BODY = json.dumps(CHAT).encode()


def coded(name: str) -> tuple[tuple[str, str], ...]:
    return (("content-encoding", name),)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("gzip", gzip.compress(BODY)),
        ("GZIP", gzip.compress(BODY)),
        ("x-gzip", gzip.compress(BODY)),
        ("gzip", gzip.compress(BODY[:9]) + gzip.compress(BODY[9:])),
        ("deflate", zlib.compress(BODY)),
        ("identity", BODY),
        ("identity, gzip", gzip.compress(BODY)),
        ("", BODY),
    ],
)
async def test_compressed_body_is_read(name, body):
    async with house() as running:
        found = await running.ask("POST", CHATS, body, coded(name))
        assert (found.status, found.json["object"]) == (200, "chat.completion")
        await running.assert_well()


@pytest.mark.parametrize("name", ["br", "zstd", "gzip, gzip", "gzip,br", "compress", "g\xfcp"])
async def test_other_codings_are_a_415_that_names_them(name):
    async with house() as running, await running.connect() as stream:
        await stream.send_all(request("POST", CHATS, BODY, coded(name)))
        found = await read_answer(stream)
        assert (found.status, found.headers["accept-encoding"]) == (415, "gzip, deflate")
        assert found.error["code"] == "unsupported_encoding"
        assert name.partition(",")[0][:1] in found.error["message"]
        await stream.send_all(request("POST", CHATS, BODY))
        assert (await read_answer(stream)).status == 200


@pytest.mark.parametrize("body", [BODY, gzip.compress(BODY)[:-9], gzip.compress(BODY) + b"more", b"\x1f\x8b"])
async def test_what_is_not_compressed_as_it_says_is_a_400(body):
    async with house() as running:
        found = await running.ask("POST", CHATS, body, coded("gzip"))
        assert (found.status, found.error["code"]) == (400, "invalid_encoding")
        await running.assert_well()


async def test_small_body_that_unpacks_to_a_large_one_is_a_413_before_it_is_unpacked():
    bomb = gzip.compress(bytes(200 * MIB))
    assert len(bomb) < MIB
    async with house(server={"max_body": "1MiB"}) as running:
        with trio.fail_after(2):
            found = await running.ask("POST", CHATS, bomb, coded("gzip"))
        assert (found.status, found.error["message"]) == (413, "body is over 1 MiB")
        await running.assert_well()


def test_no_piece_is_larger_than_64_kib():
    unpacking = unpacking_for([(b"content-encoding", b"gzip")])
    sizes = [len(piece) for piece in unpacking.feed(gzip.compress(bytes(MIB)))]
    assert (sum(sizes), max(sizes)) == (MIB, 64 * 1024)
    unpacking.finish()


def test_two_headers_are_two_codings():
    with pytest.raises(InvalidRequest, match="gzip, deflate'"):
        unpacking_for([(b"content-encoding", b"gzip"), (b"content-encoding", b"deflate")])


async def test_form_may_be_compressed_and_its_limit_holds_for_what_it_unpacks_to():
    kind = ("content-type", "multipart/form-data; boundary=xyz")
    start = b"--xyz\r\ncontent-disposition: form-data; name="
    fields = start + b'"model"\r\n\r\nsim/any\r\n' + start + b'"file"; filename="a.mp3"\r\n\r\n'
    async with house(server={"max_upload": "1MiB"}) as running:
        for size, status in ((1000, 200), (2 * MIB, 413)):
            form = gzip.compress(fields + bytes(size) + b"\r\n--xyz--\r\n")
            found = await running.ask("POST", "/v1/audio/transcriptions", form, [kind, *coded("gzip")])
            assert found.status == status
        await running.assert_well()


async def test_what_is_passed_through_goes_on_compressed():
    upstream = FaultyUpstream(answer(b"{}"))
    packed = gzip.compress(b'{"a":1}')
    async with upstream.serving():
        provider = {"type": "openai", "base_url": upstream.url, "api_key": "k", "proxy": True}
        async with house(providers={"p": provider}) as running:
            found = await running.ask("POST", "/v1/proxy/p/things", packed, coded("gzip"))
    assert found.status == 200
    assert upstream.visits[0].body == packed
    assert b"content-encoding: gzip" in upstream.visits[0].head.lower()

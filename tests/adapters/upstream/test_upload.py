"""Requests whose body comes in pieces from where it is kept, over HTTP/1.1 and HTTP/2."""

import base64

import pytest
import trio

from sluicegate.adapters.multipart.spool import Spool, SpoolFailed
from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.files import PIECE, TRIPLES, Base64, Extent, Joined
from sluicegate.pipeline.provider import UpstreamRequest
from tests.adapters.upstream.test_http2 import Hypercorn, spot
from tests.adapters.upstream.upstreams import answer, read, serving
from tests.upstreams.keeper import Told, keeping

__all__ = ["spot"]  # a fixture
DATA = bytes(range(256)) * 4096  # 1 MiB


@pytest.fixture
async def spool():
    spool = Spool(keep=0)
    for start in range(0, len(DATA), PIECE):
        await spool.write(DATA[start : start + PIECE])
    yield spool
    spool.close()


def asking(url, spool):
    source = Joined([b"<", Extent(spool, 0, spool.size), b">"])
    return UpstreamRequest("POST", url, (("content-type", "x/y"),), upload=source)


@pytest.mark.parametrize("size", [0, 1, 2, 3, TRIPLES - 1, TRIPLES, TRIPLES + 1, 3 * TRIPLES + 5])
async def test_a_file_may_be_written_in_base64(size):
    data = bytes(at * 7 % 256 for at in range(size))
    spool = Spool()
    await spool.write(b"before" + data + b"behind")
    source = Joined([b'"', Base64(Extent(spool, 6, size)), b'"'])
    sent = b"".join([piece async for piece in source.pieces()])
    assert sent == b'"' + base64.b64encode(data) + b'"'
    assert source.size == len(sent)
    spool.close()


async def test_an_upload_has_its_length_and_its_bytes_each_time_it_is_sent(transport, spool):
    async with keeping(Told(b"ok")) as upstream:
        request = asking(upstream.url, spool)
        for _ in range(2):
            response = await transport.send(request, connect=10.0)
            assert await read(response) == b"ok"
            await response.aclose()
    for asked in upstream.asked:
        assert asked.headers["content-length"] == str(len(DATA) + 2)
        assert asked.body == b"<" + DATA + b">"


async def test_a_used_connection_that_dies_under_an_upload_is_replaced_and_all_is_sent_again(transport, spool):
    whole = trio.Event()

    async def first_then_dead(stream):
        await stream.receive_some()
        await stream.send_all(answer(b"one"))
        await stream.receive_some()
        await stream.aclose()

    async def all_of_it(stream):
        seen = 0
        while seen < len(DATA):
            seen += len(await stream.receive_some())
        whole.set()
        await stream.send_all(answer(b"two"))

    handlers = iter([first_then_dead, all_of_it])
    async with serving(lambda stream: next(handlers)(stream)) as url:
        response = await transport.send(UpstreamRequest("GET", url), connect=10.0)
        assert await read(response) == b"one"
        await response.aclose()
        response = await transport.send(asking(url, spool), connect=10.0)
        assert await read(response) == b"two"
    assert whole.is_set()


async def test_an_early_refusal_ends_the_sending(transport, spool):
    async def refuses(stream):
        await stream.receive_some()
        await stream.send_all(answer(b"no", status=b"413 Content Too Large"))
        await trio.sleep_forever()

    async with serving(refuses) as url:
        response = await transport.send(asking(url, spool), connect=10.0)
        assert (response.head.status, await read(response)) == (413, b"no")
        await response.aclose()


async def test_an_upload_that_nobody_takes_is_given_up_when_it_is_due(transport, spool):
    async def deaf(_stream):
        await trio.sleep_forever()

    source = Joined([Extent(spool, 0, spool.size)] * 32)  # more than buffers take
    async with serving(deaf) as url:
        with pytest.raises(trio.TooSlowError):
            await transport.send_by(
                UpstreamRequest("POST", url, upload=source), connect=10.0, due=trio.current_time() + 0.2
            )


async def test_an_upload_that_is_gone_is_the_gateways_own_fault(transport, spool):
    async with keeping(Told()) as upstream:
        spool.close()
        with pytest.raises(SpoolFailed) as raised:
            await transport.send(asking(upstream.url, spool), connect=10.0)
    assert not raised.value.moves_on
    assert not isinstance(raised.value, UpstreamError)


async def test_an_upload_goes_over_http2_as_well(spot, spool):  # the fixture
    upstream = Hypercorn()
    async with spot.asking(upstream) as (url, transport):
        request = asking(f"{url}/v1/x", spool)
        for _ in range(2):
            response = await transport.send(request, connect=10.0)
            assert await read(response) == b"hello"
            await response.aclose()
    assert upstream.bodies == [b"<" + DATA + b">"] * 2
    assert all(dict(scope["headers"])[b"content-length"] == b"1048578" for scope in upstream.scopes)
    assert {scope["http_version"] for scope in upstream.scopes} == {"2"}

"""The HTTP transport over real sockets: what it carries, and what becomes of connections."""

import gzip
from functools import partial

import pytest
import trio

from sluicegate.adapters.upstream.http import HttpTransport, host_of
from sluicegate.pipeline.errors import StreamInterrupted
from tests.adapters.upstream.upstreams import CHUNKED, Silent, Upstream, answer, post, read, serving


async def test_answer_has_status_lower_case_headers_and_body(transport):
    upstream = Upstream(answer(b"hello", b"Content-Type: text/plain", b"X-Thing: A", status=b"418 Teapot"))
    async with serving(upstream) as url:
        response = await transport.send(post(url, ("x-mine", "1")), connect=10.0)
        assert response.head.status == 418
        assert response.head.media_type == "text/plain"
        assert response.head.headers["x-thing"] == "A"
        assert await read(response) == b"hello"
        assert await response.receive() == b""
    assert b"x-mine: 1" in upstream.requests[0].lower()


async def test_chunks_come_as_they_are_sent(transport):
    step = trio.Event()

    async def handler(stream):
        await stream.receive_some()
        await stream.send_all(CHUNKED + b"3\r\none\r\n")
        await step.wait()
        await stream.send_all(b"3\r\ntwo\r\n0\r\n\r\n")

    async with serving(handler) as url:
        response = await transport.send(post(url), connect=10.0)
        assert await response.receive() == b"one"
        step.set()
        assert await response.receive() == b"two"
        assert await response.receive() == b""


async def test_compressed_body_is_unpacked(transport):
    async with serving(Upstream(answer(gzip.compress(b"water" * 1000), b"Content-Encoding: gzip"))) as url:
        response = await transport.send(post(url), connect=10.0)
        assert await read(response) == b"water" * 1000


async def test_connection_is_used_again_after_a_whole_answer(transport):
    upstream = Upstream(answer(b"one"), answer(b"two"))
    async with serving(upstream) as url:
        for expected in (b"one", b"two"):
            response = await transport.send(post(url), connect=10.0)
            assert await read(response) == expected
            await response.aclose()
    assert upstream.connections == 1


async def test_connection_is_used_again_when_only_the_last_empty_chunk_was_not_read(transport):
    upstream = Upstream(CHUNKED + b"3\r\none\r\n0\r\n\r\n", answer(b"two"))
    async with serving(upstream) as url:
        response = await transport.send(post(url), connect=10.0)
        assert await response.receive() == b"one"
        await response.aclose()
        response = await transport.send(post(url), connect=10.0)
        assert await read(response) == b"two"
    assert upstream.connections == 1


@pytest.mark.parametrize("received", [False, True])
async def test_closing_early_closes_the_connection(transport, received):
    upstream = Upstream(CHUNKED + b"3\r\none\r\n", hold=True)
    async with serving(upstream) as url:
        response = await transport.send(post(url), connect=10.0)
        if received:
            await response.receive()
        await response.aclose()
        await response.aclose()
        with trio.fail_after(10):
            await upstream.gone.wait()
        with pytest.raises(StreamInterrupted):
            await response.receive()


async def test_cancelled_read_closes_the_connection(transport):
    upstream = Upstream(CHUNKED + b"3\r\none\r\n", hold=True)
    async with serving(upstream) as url:
        with trio.CancelScope() as scope:
            response = await transport.send(post(url), connect=10.0)
            await response.receive()
            try:
                scope.cancel()
                await response.receive()
            finally:
                await response.aclose()
        assert scope.cancelled_caught
        with trio.fail_after(10):
            await upstream.gone.wait()


async def test_cancelled_send_closes_the_connection(transport):
    upstream = Silent()
    async with serving(upstream) as url:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(transport.send, post(url), connect=10.0))
            with trio.fail_after(10):
                await upstream.heard.wait()
            nursery.cancel_scope.cancel()
        with trio.fail_after(10):
            await upstream.gone.wait()


async def test_redirect_is_an_answer_like_others(transport):
    upstream = Upstream(answer(b"", b"Location: http://elsewhere.invalid/", status=b"307 Temporary Redirect"))
    async with serving(upstream) as url:
        response = await transport.send(post(url), connect=10.0)
        assert response.head.status == 307
        await response.aclose()
    assert len(upstream.requests) == 1


async def test_cookies_are_not_kept(transport):
    upstream = Upstream(answer(b"one", b"Set-Cookie: who=somebody; Path=/"), answer(b"two"))
    async with serving(upstream) as url:
        for _ in range(2):
            await read(await transport.send(post(url), connect=10.0))
    assert b"cookie" not in upstream.requests[1].lower()


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://u:p@api.example:8443/v1", "api.example:8443"), ("https://api.example/v1?key=1", "api.example")],
)
def test_host_for_messages_has_no_credentials(url, host):
    assert host_of(url) == host


async def test_closing_the_transport_closes_its_connections():
    upstream = Upstream(answer(b"one"), answer(b"never"))
    async with serving(upstream) as url:
        transport = HttpTransport()
        await read(await transport.send(post(url), connect=10.0))
        await transport.aclose()
        with trio.fail_after(10):
            await upstream.gone.wait()

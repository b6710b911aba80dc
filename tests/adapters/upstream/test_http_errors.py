"""The HTTP transport and servers that do not do as they should."""

import gzip
import ssl

import pytest
import trio
import trustme

from sluicegate.pipeline.errors import StreamInterrupted, UpstreamError, UpstreamTimeout
from tests.adapters.upstream.upstreams import CHUNKED, KEY, Silent, Upstream, answer, post, read, serving


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        CHUNKED + b"5\r\nwhole\r\n",
        CHUNKED + b"50\r\nhalf",
    ],
)
async def test_truncated_body_never_looks_like_a_clean_end(transport, sent):
    async with serving(Upstream(sent)) as url:
        response = await transport.send(post(url), connect=10.0)
        with pytest.raises(StreamInterrupted, match=r"127\.0\.0\.1:\d+ closed the connection") as caught:
            await read(response)
        assert caught.value.__cause__ is not None
        with pytest.raises(StreamInterrupted):  # and not a clean end when asked again
            await response.receive()
        await response.aclose()


async def test_truncated_compressed_body_never_looks_like_a_clean_end(transport):
    body = gzip.compress(b"water " * 1000)[:-8]
    async with serving(Upstream(answer(body, b"Content-Encoding: gzip"))) as url:
        response = await transport.send(post(url), connect=10.0)
        with pytest.raises(StreamInterrupted, match="compressed"):
            await read(response)
        await response.aclose()


async def test_coding_that_was_not_asked_for_closes_the_connection(transport):
    upstream = Upstream(answer(b"??", b"Content-Encoding: br")[:-1], hold=True)
    async with serving(upstream) as url:
        with pytest.raises(UpstreamError, match="'br'"):
            await transport.send(post(url), connect=10.0)
        with trio.fail_after(10):
            await upstream.gone.wait()


@pytest.mark.parametrize("sent", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-"])
async def test_server_that_does_not_answer_in_http_is_an_upstream_error(transport, sent):
    async with serving(Upstream(sent)) as url:
        with pytest.raises(UpstreamError, match="before it answered") as caught:
            await transport.send(post(url), connect=10.0)
    assert caught.value.retryable
    assert caught.value.__cause__ is not None


async def test_refused_connection_names_the_host(transport, deaf_address):
    with pytest.raises(UpstreamError) as caught:
        await transport.send(post(f"http://user:hunter2@{deaf_address}"), connect=10.0)
    assert f"no connection to {deaf_address}:" in caught.value.message
    assert "hunter2" not in caught.value.message
    assert KEY not in caught.value.message


async def test_connecting_takes_no_longer_than_it_may(transport):
    """A server that takes the connection and leaves the TLS handshake unanswered is not connected to."""
    async with serving(Silent()) as url:
        with trio.fail_after(10), pytest.raises(UpstreamTimeout, match=r"within 0\.1 s") as caught:
            await transport.send(post(url.replace("http:", "https:")), connect=0.1)
    assert caught.value.__cause__ is not None


async def test_certificate_of_a_stranger_is_refused(transport):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)

    async def handler(stream):
        secure = trio.SSLStream(stream, context, server_side=True)
        with pytest.raises(trio.BrokenResourceError):
            await secure.do_handshake()

    async with serving(handler) as url:
        with pytest.raises(UpstreamError, match="no connection"):
            await transport.send(post(url.replace("http:", "https:").replace("127.0.0.1", "localhost")), connect=10.0)


@pytest.mark.parametrize("value", [f"{KEY}\r\nx-evil: 1", f"{KEY}\n", f"{KEY}é"])
async def test_header_that_cannot_be_sent_is_not_shown(transport, value):
    async with serving(Upstream(answer(b""))) as url:
        with pytest.raises(UpstreamError, match="could not be written") as caught:
            await transport.send(post(url, ("x-key", value)), connect=10.0)
    assert KEY not in str(caught.value)
    assert caught.value.__suppress_context__
    assert not caught.value.retryable


@pytest.mark.parametrize("url", ["ftp://files.example", "http://", "http://[::1", "http://a:b"])
async def test_malformed_url_is_an_upstream_error_that_is_not_retried(transport, url):
    with pytest.raises(UpstreamError) as caught:
        await transport.send(post(url), connect=10.0)
    assert not caught.value.retryable

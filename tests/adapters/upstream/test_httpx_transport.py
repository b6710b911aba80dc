"""httpx's client over our connections: what it promises, kept."""

import gzip
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
import trio

from sluicegate.adapters.upstream.dial import Dialer
from sluicegate.adapters.upstream.httpx_transport import PooledTransport
from sluicegate.adapters.upstream.pool import Pool
from sluicegate.adapters.upstream.proxy import Proxies
from tests.adapters.upstream.upstreams import CHUNKED, Silent, Upstream, answer, serving

LONG = b"x" * 20_000_000


class Pieces:
    """A body of unknown length. An exception among the pieces is raised. (A generator would have to be closed.)"""

    def __init__(self, *pieces):
        self.pieces = list(pieces)

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.pieces:
            raise StopAsyncIteration
        piece = self.pieces.pop(0)
        if isinstance(piece, Exception):
            raise piece
        return piece


@asynccontextmanager
async def client_of(handler, pool=None, **settings):
    transport = PooledTransport(pool, proxies=Proxies({}))
    async with serving(handler) as url, httpx.AsyncClient(transport=transport, base_url=url, **settings) as client:
        yield client, transport.pool


async def echo(stream):
    """Answer with what was sent, the head included, in a body that only the end ends."""
    await stream.send_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + await whole_request(stream))
    await stream.aclose()


async def whole_request(stream):
    seen = b""
    while b"\r\n\r\n" not in seen or (b"chunked" in seen and not seen.endswith(b"0\r\n\r\n")):
        seen += await stream.receive_some()
    return seen


async def test_answer_is_what_httpx_makes_of_it():
    body = gzip.compress(b"hello")
    sent = answer(body, b"Content-Encoding: gzip", b"Set-Cookie: a=1", b"Set-Cookie: b=2", status=b"418 X")
    async with client_of(Upstream(sent)) as (client, pool):
        response = await client.post("/a?b=c", content=b"{}")
        assert (response.status_code, response.text, response.http_version) == (418, "hello", "HTTP/1.1")
        assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
        assert dict(client.cookies) == {"a": "1", "b": "2"}
        assert pool.idle == 1
    assert pool.open == 0


async def test_request_arrives_as_it_was_made():
    async with client_of(echo) as (client, _):
        sent = (await client.put("/ä b?q=ü", content=b"hello", headers={"X-A": "1"})).content
    head, _, body = sent.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"PUT /%C3%A4%20b?q=%C3%BC HTTP/1.1"
    assert {b"X-A: 1", b"content-length: 5"} <= set(lines)
    assert len([line for line in lines if line.lower().startswith(b"host:")]) == 1
    assert body == b"hello"


async def test_body_of_unknown_length_goes_in_chunks():
    async with client_of(echo) as (client, _):
        sent = (await client.post("/", content=Pieces(b"one", b"", b"two"))).content
    assert b"transfer-encoding: chunked" in sent.lower()
    assert sent.endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


@pytest.mark.parametrize("length", [2, 4])
async def test_body_that_is_not_as_long_as_it_was_said_is_an_error(length):
    async with client_of(Silent()) as (client, pool):
        with pytest.raises(httpx.LocalProtocolError, match="not as long"):
            await client.post("/", content=Pieces(b"abc"), headers={"content-length": str(length)})
        assert pool.open == 0


async def test_error_of_the_callers_own_body_comes_back_as_it_is():
    async with client_of(Silent()) as (client, pool):
        with pytest.raises(RuntimeError, match="mine"):
            await client.post("/", content=Pieces(b"abc", RuntimeError("mine")))
        assert pool.open == 0


async def test_upload_is_not_repeated_on_a_connection_that_died():
    connections = 0

    async def handler(stream):
        nonlocal connections
        connections += 1
        await stream.receive_some()
        await stream.send_all(answer(b"one"))
        await stream.receive_some()
        await stream.aclose()

    async with client_of(handler) as (client, pool):
        await client.post("/", content=b"{}")
        with pytest.raises(httpx.TransportError):
            await client.post("/", content=Pieces(b"{}"))
        assert (connections, pool.open) == (1, 0)


async def test_answer_that_is_left_before_its_end_closes_its_connection():
    async def handler(stream):
        await stream.receive_some()
        await stream.send_all(CHUNKED + b"3\r\none\r\n")
        await trio.sleep_forever()

    async with client_of(handler) as (client, pool):
        async with client.stream("GET", "/") as response:
            assert (response.status_code, pool.open) == (200, 1)
        assert pool.open == 0


async def test_head_has_no_body():
    async def handler(stream):
        while await stream.receive_some():
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")

    async with client_of(handler) as (client, pool):
        for _ in range(2):
            assert (await client.head("/")).headers["content-length"] == "500"
        assert pool.open == 1


async def test_redirects_are_the_clients_business():
    there = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"

    async def handler(stream):
        for sent in (there, answer(b"there")):
            await stream.receive_some()
            await stream.send_all(sent)

    async with client_of(handler, follow_redirects=True) as (client, _):
        assert (await client.get("/here")).text == "there"


@pytest.mark.parametrize(
    ("timeout", "error"),
    [
        (httpx.Timeout(None, read=0.05), httpx.ReadTimeout),
        (httpx.Timeout(None, write=0.05), httpx.WriteTimeout),
        (httpx.Timeout(None, pool=0.05), httpx.PoolTimeout),
    ],
    ids=["read", "write", "pool"],
)
async def test_each_timeout_has_its_exception(timeout, error):
    async def handler(stream):
        await trio.sleep_forever()

    pool = Pool(Dialer().dial, limit=1)
    async with client_of(handler, pool) as (client, _), trio.open_nursery() as nursery:
        if error is httpx.PoolTimeout:
            nursery.start_soon(client.get, "/")
            await trio.testing.wait_all_tasks_blocked(0.02)
        with pytest.raises(error):
            await client.post("/", content=LONG if error is httpx.WriteTimeout else b"", timeout=timeout)
        nursery.cancel_scope.cancel()
    assert pool.open == 0


async def test_read_timeout_holds_between_the_parts_of_a_body():
    async def handler(stream):
        await stream.receive_some()
        await stream.send_all(CHUNKED + b"3\r\none\r\n")
        await trio.sleep_forever()

    async with client_of(handler, timeout=0.1) as (client, pool):
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/")
        assert pool.open == 0


async def test_connect_timeout_and_refusal():
    async with httpx.AsyncClient(transport=PooledTransport(proxies=Proxies({}))) as client:
        with pytest.raises(httpx.ConnectError, match="refused"):
            await client.get("http://127.0.0.1:1/")
        async with serving(Silent()) as url:
            with pytest.raises(httpx.ConnectTimeout):
                await client.get(url.replace("http:", "https:"), timeout=httpx.Timeout(None, connect=0.05))


@pytest.mark.parametrize("url", ["ftp://a.example/", "/nowhere"])
async def test_what_is_no_http_url_is_unsupported(url):
    async with httpx.AsyncClient(transport=PooledTransport(proxies=Proxies({}))) as client:
        with pytest.raises(httpx.UnsupportedProtocol):
            await client.get(url)


@pytest.mark.parametrize("headers", [{"x": "a\r\nb: c"}, {"x": "a\x00"}, {"a b": "c"}, {"": "c"}])
async def test_header_that_is_none_is_refused_and_not_shown(headers):
    async with httpx.AsyncClient(transport=PooledTransport(proxies=Proxies({}))) as client:
        with pytest.raises(httpx.LocalProtocolError, match=r"^a header that cannot be sent$"):
            await client.get("http://127.0.0.1:1/", headers=headers)


async def test_a_shared_pool_is_left_open():
    pool = Pool(Dialer().dial)
    upstream = Upstream(answer(b"one"), answer(b"two"))
    async with serving(upstream) as url:
        for _ in range(2):
            async with httpx.AsyncClient(transport=PooledTransport(pool, proxies=Proxies({}))) as client:
                await client.post(url, content=b"{}")
        assert (upstream.connections, pool.idle) == (1, 1)
        pool.close()


async def test_cancelled_call_closes_its_connection():
    upstream = Silent()
    async with client_of(upstream) as (client, pool):
        with trio.move_on_after(0.05), suppress(httpx.HTTPError):
            await client.get("/", timeout=None)
        assert pool.open == 0
        with trio.fail_after(1):
            await upstream.gone.wait()

"""Proxies: which URL needs which, and a small one to go through."""

from base64 import b64decode
from contextlib import suppress

import httpx
import pytest
import trio
import trustme

from sluicegate.adapters.upstream.http import HttpTransport
from sluicegate.adapters.upstream.proxy import Proxies
from sluicegate.pipeline.errors import UpstreamError, UpstreamTimeout
from tests.adapters.upstream.certificates import secured, server_context, trusting
from tests.adapters.upstream.upstreams import Upstream, answer, post, read, serving

PASSWORD = "hunter2"


class TunnelProxy:
    """A proxy that makes tunnels, for those who say who they are."""

    def __init__(self, reply: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n", authorization: str = "") -> None:
        self.reply = reply
        self.authorization = authorization
        self.heads: list[bytes] = []

    async def __call__(self, stream: trio.abc.Stream) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            if not (data := await stream.receive_some()):
                return
            head += data
        self.heads.append(head)
        if self.authorization not in head.decode():
            await stream.send_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        await stream.send_all(self.reply)
        port = int(head.split()[1].rpartition(b":")[2])
        async with await trio.open_tcp_stream("127.0.0.1", port) as upstream, trio.open_nursery() as nursery:
            nursery.start_soon(self._pass, stream, upstream, nursery.cancel_scope)
            nursery.start_soon(self._pass, upstream, stream, nursery.cancel_scope)

    async def _pass(self, source: trio.abc.Stream, sink: trio.abc.Stream, both: trio.CancelScope) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while data := await source.receive_some():
                await sink.send_all(data)
        both.cancel()


def with_password(url: str) -> str:
    return url.replace("://", f"://user:{PASSWORD}@")


@pytest.fixture(scope="module")
def ca():
    return trustme.CA()


async def test_plain_http_asks_the_proxy_for_the_whole_url():
    upstream = Upstream(answer(b"one"), answer(b"two"))
    async with serving(upstream) as url:
        transport = HttpTransport(proxies=Proxies({"http": with_password(url)}))
        for host in ("a.example", "b.example:81"):
            await transport.send(post(f"http://{host}"), connect=1.0)
        await transport.aclose()
    lines = [request.split(b"\r\n") for request in upstream.requests]
    assert [line[0] for line in lines] == [
        b"POST http://a.example/v1/x HTTP/1.1",
        b"POST http://b.example:81/v1/x HTTP/1.1",
    ]
    assert [line[1] for line in lines] == [b"host: a.example", b"host: b.example:81"]
    for line in lines:
        (value,) = (each.split(b": Basic ")[1] for each in line if each.startswith(b"proxy-authorization"))
        assert b64decode(value) == b"user:hunter2"
    assert upstream.connections == 1  # which serves all who go by this proxy


@pytest.mark.parametrize("secure_proxy", [False, True])
async def test_https_goes_through_a_tunnel_and_the_key_is_hidden_in_it(ca, tmp_path, secure_proxy):
    settings = trusting(ca, tmp_path)
    context = server_context(ca.issue_cert("127.0.0.1"))
    upstream = Upstream(answer(b"one"), answer(b"two"))
    proxy = TunnelProxy(authorization="proxy-authorization: Basic dXNlcjpodW50ZXIy\r\n")
    async with (
        serving(secured(proxy, context) if secure_proxy else proxy) as proxy_url,
        serving(secured(upstream, context)) as url,
    ):
        if secure_proxy:
            proxy_url = proxy_url.replace("http:", "https:")
        transport = HttpTransport(tls=settings, proxies=Proxies({"https": with_password(proxy_url)}, tls=settings))
        for expected in (b"one", b"two"):
            response = await transport.send(post(url.replace("http:", "https:")), connect=2.0)
            assert await read(response) == expected
        await transport.aclose()
    (head,) = proxy.heads
    assert head.startswith(b"CONNECT 127.0.0.1:")
    assert b"sk-" not in head
    assert b"proxy-authorization" not in upstream.requests[0].lower()


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "answered 403"),
        (b"SSH-2.0\r\n\r\n", "makes no sense"),
        (b"HTTP/1.1 200 OK\r\n\r\nand more", "makes no sense"),
        (b"HTTP/1.1 101 Switching\r\n\r\n", "makes no sense"),
    ],
)
async def test_proxy_that_makes_no_tunnel_is_an_error_that_says_so(reply, why):
    async with serving(TunnelProxy(reply)) as url, serving(Upstream()) as upstream:
        transport = HttpTransport(proxies=Proxies({"https": with_password(url)}))
        with pytest.raises(UpstreamError, match=f"the proxy in front of 127.0.0.1.*refused.*{why}") as caught:
            await transport.send(post(upstream.replace("http:", "https:")), connect=1.0)
    assert PASSWORD not in caught.value.message
    assert transport.pool.open == 0


async def test_proxy_that_closes_or_hangs_is_an_error():
    async def closing(stream):
        await stream.receive_some()

    async def hanging(stream):
        await trio.sleep_forever()

    async with serving(closing) as closes, serving(hanging) as hangs:
        with pytest.raises(UpstreamError, match="the proxy in front of"):
            await HttpTransport(proxies=Proxies({"all": closes})).send(post("https://a.example"), connect=1.0)
        with pytest.raises(UpstreamTimeout, match=r"within 0\.1 s"):
            await HttpTransport(proxies=Proxies({"all": hangs})).send(post("https://a.example"), connect=0.1)


async def test_proxy_that_is_not_there_is_named_as_such():
    transport = HttpTransport(proxies=Proxies({"https": with_password("http://127.0.0.1:1")}))
    with pytest.raises(UpstreamError, match=r"no connection to a\.example: the proxy: ") as caught:
        await transport.send(post("https://a.example"), connect=1.0)
    assert PASSWORD not in caught.value.message


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1080", "http://", f"http://user:{PASSWORD}@:a"])
async def test_proxy_that_cannot_be_used_is_an_error_of_the_call(url):
    with pytest.raises(UpstreamError, match=r"the proxy in front of a\.example") as caught:
        await HttpTransport(proxies=Proxies({"all": url})).send(post("http://a.example"), connect=1.0)
    assert PASSWORD not in caught.value.message


@pytest.mark.parametrize(
    ("exempt", "host", "port", "spared"),
    [
        ("", "a.example", 80, False),
        ("*", "a.example", 80, True),
        ("example", "a.example", 80, True),
        ("a.example", "A.Example", 80, True),
        (".example", "a.example", 80, True),
        ("*.example", "a.example", 80, True),
        ("ample", "a.example", 80, False),
        ("b.example, a.example", "a.example", 80, True),
        ("a.example:81", "a.example", 80, False),
        ("a.example:80", "a.example", 80, True),
        ("localhost", "127.0.0.1", 80, False),
        ("127.0.0.1", "127.0.0.1", 80, True),
        ("127.0.0.1:8080", "127.0.0.1", 80, False),
        ("10.0.0.0/8", "10.1.2.3", 80, True),
        ("10.0.0.0/8", "11.1.2.3", 80, False),
        ("::1", "::1", 80, True),
        ("[::1]:80", "::1", 80, True),
        ("[::1]:81", "::1", 80, False),
        ("fd00::/8", "fd00::1", 80, True),
    ],
)
def test_what_needs_no_proxy(exempt, host, port, spared):
    assert (Proxies({"http": "http://p.example:3128"}, exempt).find("http", host, port) is None) == spared


def test_the_environment_is_read(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{PASSWORD}@p.example")
    monkeypatch.setenv("all_proxy", "q.example:3128")
    monkeypatch.setenv("NO_PROXY", "b.example")
    proxies = Proxies.from_environment()
    server = proxies.find("https", "a.example", 443)
    assert server is not None
    assert (server.host, server.port, server.tls) == ("p.example", 80, None)
    assert PASSWORD not in repr(server)
    assert "dXNl" not in repr(server)
    other = proxies.find("http", "a.example", 80)
    assert other is not None
    assert (other.host, other.port) == ("q.example", 3128)
    assert proxies.find("https", "b.example", 443) is None


def test_a_proxy_for_one_scheme_is_not_used_for_the_other():
    assert Proxies({"http": "http://p.example"}).find("https", "a.example", 443) is None


def test_an_unusable_proxy_is_an_error_of_httpx():
    with pytest.raises(httpx.ProxyError, match="none of an http or https proxy"):
        Proxies({"http": "ftp://p.example"}).find("http", "a.example", 80)

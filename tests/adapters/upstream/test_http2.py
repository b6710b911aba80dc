"""The transport for HTTP/2, against hypercorn behind TLS, and against servers that do not do as they should."""

import gzip
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import StreamEnded

from sluicegate.adapters.upstream.http2 import Http2Transport
from sluicegate.adapters.upstream.proxy import Proxies
from sluicegate.adapters.upstream.tls import TlsSettings
from sluicegate.assembly import build
from sluicegate.pipeline.config.load import load_values
from sluicegate.pipeline.config.sections import ServerSettings, ServerTlsSettings
from sluicegate.pipeline.errors import StreamInterrupted, UpstreamError, UpstreamTimeout
from sluicegate.pipeline.provider import UpstreamRequest
from sluicegate.pipeline.registry import Registry
from tests.adapters.http.certified import Certified
from tests.adapters.http.h1.edge import on_http, read_body, reply
from tests.adapters.http.h1.edge import serving as serving_http
from tests.adapters.upstream.certificates import secured, server_context, trusting
from tests.adapters.upstream.test_proxy import TunnelProxy
from tests.adapters.upstream.upstreams import KEY, Silent, Upstream, answer, post, read, serving


class Hypercorn:
    """An upstream whose application the test gives, and which notes what it was asked, and on how many connections."""

    def __init__(self, app=None):
        self.scopes = []
        self.bodies = []
        self._app = app

    @property
    def connections(self):
        return len({scope["client"] for scope in self.scopes})

    async def __call__(self, scope, receive, send):
        self.scopes.append(scope)
        if self._app is not None:
            return await self._app(scope, receive, send)
        self.bodies.append(await read_body(receive))
        return await reply(
            send, b"hello", 418, [(b"x-thing", b"A"), (b"x-thing", b"B"), (b"content-type", b"text/plain")]
        )


class Spot:
    """Certificates, and transports that believe them."""

    def __init__(self, folder):
        self.certified = Certified(folder)
        self.certified.authority.cert_pem.write_to_path(folder / "ca.pem")
        self.tls = TlsSettings(ca_file=str(folder / "ca.pem"))

    @asynccontextmanager
    async def asking(self, app, **settings):
        """Serve an application over TLS; give the URL and a transport."""
        server = ServerSettings(tls=ServerTlsSettings(**self.certified.settings["tls"]))
        transport = Http2Transport(tls=self.tls, proxies=Proxies({}), **settings)
        try:
            async with serving_http(on_http(app), settings=server) as served:
                yield f"https://localhost:{served.port}", transport
        finally:
            await transport.aclose()


@pytest.fixture
def spot(tmp_path):
    return Spot(tmp_path)


async def test_an_answer_over_http2_has_status_lower_case_headers_and_body(spot):
    upstream = Hypercorn()
    async with spot.asking(upstream) as (url, transport):
        response = await transport.send(post(url, ("X-Mine", "1")), connect=5.0)
        assert (response.head.status, response.head.media_type) == (418, "text/plain")
        assert response.head.headers["x-thing"] == "A, B"
        assert await read(response) == b"hello"
        assert await response.receive() == b""
    (scope,) = upstream.scopes
    assert (scope["http_version"], scope["method"], scope["path"]) == ("2", "POST", "/v1/x")
    head = dict(scope["headers"])
    assert head[b"x-mine"] == b"1"
    assert head[b"authorization"] == f"Bearer {KEY}".encode()
    assert head[b"accept-encoding"] == b"gzip"
    assert b"user-agent" not in head
    assert upstream.bodies == [b"{}"]


async def test_a_long_prompt_and_a_long_answer_pass_the_windows(spot):
    async def app(scope, receive, send):
        body = await read_body(receive)
        await reply(send, body * 3)

    prompt = bytes(range(256)) * 4000
    async with spot.asking(app) as (url, transport):
        response = await transport.send(UpstreamRequest("POST", f"{url}/", (), prompt), connect=5.0)
        with trio.fail_after(20):
            assert await read(response) == prompt * 3


async def test_a_connection_is_used_again_after_a_whole_answer_and_not_while_there_is_one(spot):
    upstream = Hypercorn()
    async with spot.asking(upstream) as (url, transport):
        for _ in range(3):
            assert await read(await transport.send(post(url), connect=5.0)) == b"hello"
        assert upstream.connections == 1
        open_one = await transport.send(post(url), connect=5.0)
        assert await read(await transport.send(post(url), connect=5.0)) == b"hello"
        assert upstream.connections == 2
        assert await read(open_one) == b"hello"


async def test_one_connection_takes_more_calls_than_it_may_have_open_at_once(spot):
    """100, by what client and server agree on: each call that is over must be over for httpx, too."""
    upstream = Hypercorn()
    async with spot.asking(upstream) as (url, transport):
        with trio.fail_after(20):
            for _ in range(130):
                assert await read(await transport.send(post(url), connect=5.0)) == b"hello"
    assert upstream.connections == 1


async def test_no_more_idle_connections_are_kept_than_may_be_nor_longer(spot):
    upstream = Hypercorn()
    async with spot.asking(upstream, keep_idle=1, idle_time=0.3) as (url, transport):
        both = [await transport.send(post(url), connect=5.0) for _ in range(2)]
        for response in both:
            await read(response)
        for _ in range(2):
            await read(await transport.send(post(url), connect=5.0))
        assert upstream.connections == 2
        await trio.sleep(0.4)
        await read(await transport.send(post(url), connect=5.0))
        assert upstream.connections == 3


class Streaming:
    """An application that sends a chunk for each step, and tells when its client has left."""

    def __init__(self):
        self.go = trio.Event()
        self.left = trio.Event()

    async def __call__(self, scope, receive, send):
        await read_body(receive)
        await reply(send, b"one", more=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch, receive)
            await self.go.wait()
            await send({"type": "http.response.body", "body": b"two", "more_body": False})
            nursery.cancel_scope.cancel()

    async def _watch(self, receive):
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left.set()


async def test_chunks_come_as_they_are_sent(spot):
    app = Streaming()
    async with spot.asking(app) as (url, transport):
        response = await transport.send(post(url), connect=5.0)
        assert await response.receive() == b"one"
        app.go.set()
        assert await response.receive() == b"two"
        assert await response.receive() == b""


@pytest.mark.parametrize("received", [False, True])
async def test_closing_early_ends_the_call_at_the_upstream(spot, received):
    app = Streaming()
    async with spot.asking(app) as (url, transport):
        response = await transport.send(post(url), connect=5.0)
        if received:
            await response.receive()
        await response.aclose()
        await response.aclose()
        with trio.fail_after(1):
            await app.left.wait()
        with pytest.raises(StreamInterrupted):
            await response.receive()


async def test_a_cancelled_read_ends_the_call_at_the_upstream(spot):
    app = Streaming()
    async with spot.asking(app) as (url, transport):
        with trio.CancelScope() as scope:
            response = await transport.send(post(url), connect=5.0)
            await response.receive()
            scope.deadline = trio.current_time() + 0.05
            try:
                await response.receive()
            finally:
                await response.aclose()
        assert scope.cancelled_caught
        with trio.fail_after(1):
            await app.left.wait()


async def test_a_call_cancelled_before_its_answer_ends_at_the_upstream(spot):
    heard, left = trio.Event(), trio.Event()

    async def app(scope, receive, send):
        await read_body(receive)
        heard.set()
        await receive()
        left.set()

    async with spot.asking(app) as (url, transport):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(transport.send, post(url), connect=5.0))
            await heard.wait()
            nursery.cancel_scope.cancel()
        with trio.fail_after(1):
            await left.wait()


async def test_a_compressed_answer_is_unpacked_and_a_coding_that_was_not_asked_for_refused(spot):
    async def app(scope, receive, send):
        coding = scope["query_string"]
        await reply(send, gzip.compress(b"water" * 1000), headers=[(b"content-encoding", coding)])

    async with spot.asking(app) as (url, transport):
        response = await transport.send(UpstreamRequest("POST", f"{url}/?gzip"), connect=5.0)
        assert await read(response) == b"water" * 1000
        with pytest.raises(UpstreamError, match="'br'"):
            await transport.send(UpstreamRequest("POST", f"{url}/?br"), connect=5.0)


async def test_an_answer_that_is_cut_never_looks_like_a_clean_end(spot, caplog):
    async def app(scope, receive, send):
        await read_body(receive)
        await reply(send, b"half", more=True)
        raise ValueError("the upstream breaks")

    async with spot.asking(app) as (url, transport):
        response = await transport.send(post(url), connect=5.0)
        with pytest.raises(StreamInterrupted, match=r"localhost:\d+ ") as caught:
            await read(response)
        assert caught.value.__cause__ is not None
        with pytest.raises(StreamInterrupted):
            await response.receive()
        await response.aclose()


class Frames:
    """A server that says in HTTP/2 just what the test wants."""

    def __init__(self, act):
        self.connections = 0
        self._act = act

    async def __call__(self, stream):
        self.connections += 1
        h2 = H2Connection(H2Configuration(client_side=False))
        h2.initiate_connection()
        await stream.send_all(h2.data_to_send())
        while data := await stream.receive_some():
            for event in h2.receive_data(data):
                if isinstance(event, StreamEnded) and not self._act(self, h2, event.stream_id):
                    await stream.send_all(h2.data_to_send())
                    await stream.aclose()
                    return
            await stream.send_all(h2.data_to_send())


@asynccontextmanager
async def frames_from(act, tmp_path):
    ca = trustme.CA()
    upstream = Frames(act)
    transport = Http2Transport(tls=trusting(ca, tmp_path), proxies=Proxies({}))
    try:
        async with serving(secured(upstream, server_context(ca.issue_cert("localhost")))) as url:
            yield upstream, url.replace("http://127.0.0.1", "https://localhost"), transport
    finally:
        await transport.aclose()


def head(h2, stream_id):
    h2.send_headers(stream_id, [(":status", "200")])


def cut(_, h2, stream_id):
    head(h2, stream_id)
    h2.send_data(stream_id, b"half")
    return False


def reset(_, h2, stream_id):
    head(h2, stream_id)
    h2.send_data(stream_id, b"half")
    h2.reset_stream(stream_id, 2)
    return True


def short(_, h2, stream_id):
    h2.send_headers(stream_id, [(":status", "200"), ("content-length", "100")])
    h2.send_data(stream_id, b"half", end_stream=True)
    return True


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (cut, "closed the connection in the middle of its answer"),
        (reset, "broke the rules of HTTP in the middle of its answer: it reset the stream, code 2"),
    ],
)
async def test_how_an_answer_was_cut_is_told(tmp_path, act, told):
    async with frames_from(act, tmp_path) as (_, url, transport):
        response = await transport.send(post(url), connect=5.0)
        with pytest.raises(StreamInterrupted) as caught:
            await read(response)
        assert caught.value.message.endswith(f" {told}")


async def test_an_answer_that_is_not_as_long_as_it_says_is_refused(tmp_path):
    async with frames_from(short, tmp_path) as (_, url, transport):
        with pytest.raises(UpstreamError, match=r"broke the rules of HTTP .*: what came is no HTTP/2, or does not fit"):
            await read(await transport.send(post(url), connect=5.0))


async def test_a_kept_connection_that_has_died_is_not_the_end_of_a_call(tmp_path):
    def act(upstream, h2, stream_id):
        h2.send_headers(stream_id, [(":status", "200")], end_stream=True)
        return False

    async with frames_from(act, tmp_path) as (upstream, url, transport):
        for _ in range(3):
            assert await read(await transport.send(post(url), connect=5.0)) == b""
        assert upstream.connections == 3


async def test_a_call_whose_stream_was_reset_is_not_repeated(tmp_path):
    asked = []

    def act(_, h2, stream_id):
        asked.append(stream_id)
        if len(asked) == 1:
            h2.send_headers(stream_id, [(":status", "200")], end_stream=True)
        else:
            h2.reset_stream(stream_id, 2)
        return True

    async with frames_from(act, tmp_path) as (upstream, url, transport):
        await read(await transport.send(post(url), connect=5.0))
        with pytest.raises(UpstreamError, match="before it answered: it reset the stream, code 2"):
            await transport.send(post(url), connect=5.0)
        assert asked == [1, 3]
        assert upstream.connections == 1


async def test_garbage_in_place_of_http2_is_an_upstream_error(tmp_path):
    ca = trustme.CA()
    transport = Http2Transport(tls=trusting(ca, tmp_path), proxies=Proxies({}))

    async def handler(stream):
        await stream.receive_some()
        await stream.send_all(b"\x00" * 8 + b"SSH-2.0-OpenSSH_9.2\r\n" * 10)
        await stream.receive_some()

    async with serving(secured(handler, server_context(ca.issue_cert("localhost")))) as url:
        with trio.fail_after(5), pytest.raises(UpstreamError, match="before it answered") as caught:
            await transport.send(post(url.replace("http://127.0.0.1", "https://localhost")), connect=5.0)
        assert caught.value.retryable
    await transport.aclose()


async def test_a_server_that_speaks_no_http2_is_spoken_http1_to(tmp_path):
    ca = trustme.CA()
    context = server_context(ca.issue_cert("localhost"))
    context.set_alpn_protocols(["http/1.1"])
    upstream = Upstream(answer(b"one"), answer(b"two"))
    transport = Http2Transport(tls=trusting(ca, tmp_path), proxies=Proxies({}))
    async with serving(secured(upstream, context)) as url:
        for expected in (b"one", b"two"):
            response = await transport.send(post(url.replace("http://127.0.0.1", "https://localhost")), connect=5.0)
            assert await read(response) == expected
    assert upstream.connections == 1
    assert upstream.requests[0].startswith(b"POST /v1/x HTTP/1.1\r\n")
    await transport.aclose()


async def test_the_certificate_of_a_stranger_is_refused(spot, tmp_path):
    trustme.CA().cert_pem.write_to_path(tmp_path / "stranger.pem")
    stranger = Http2Transport(tls=TlsSettings(ca_file=str(tmp_path / "stranger.pem")), proxies=Proxies({}))
    async with spot.asking(Hypercorn()) as (url, _):
        with pytest.raises(
            UpstreamError, match=r"no connection to localhost:\d+: its certificate is not good: "
        ) as caught:
            await stranger.send(post(url), connect=5.0)
    assert KEY not in caught.value.message


async def test_a_refused_connection_names_the_host_and_the_reason(spot, deaf_address):
    transport = Http2Transport(proxies=Proxies({}))
    with pytest.raises(UpstreamError, match=f"no connection to {deaf_address}: .*refused") as caught:
        await transport.send(post(f"https://user:hunter2@{deaf_address}"), connect=5.0)
    assert "hunter2" not in caught.value.message


async def test_connecting_takes_no_longer_than_it_may_and_an_answer_as_long_as_it_likes(spot):
    async with serving(Silent()) as url:
        with trio.fail_after(5), pytest.raises(UpstreamTimeout, match=r"within 0\.2 s"):
            await Http2Transport(tls=spot.tls).send(post(url.replace("http:", "https:")), connect=0.2)

    async def app(scope, receive, send):
        await trio.sleep(1.0)
        await reply(send, b"late")

    async with spot.asking(app) as (url, transport):
        assert await read(await transport.send(post(url), connect=0.7)) == b"late"


@pytest.mark.parametrize("value", [f"{KEY}\r\nx-evil: 1", f"{KEY}\n", f"{KEY}é"])
async def test_a_header_that_cannot_be_sent_is_not_shown(spot, value):
    transport = Http2Transport(proxies=Proxies({}))
    with pytest.raises(UpstreamError, match="could not be written") as caught:
        await transport.send(post("https://localhost:1", ("x-key", value)), connect=5.0)
    assert KEY not in str(caught.value)
    assert caught.value.__suppress_context__
    assert not caught.value.retryable


@pytest.mark.parametrize("url", ["ftp://files.example", "https://", "https://[::1", "https://a:b"])
async def test_a_malformed_url_is_an_upstream_error_that_is_not_retried(url):
    with pytest.raises(UpstreamError) as caught:
        await Http2Transport(proxies=Proxies({})).send(post(url), connect=5.0)
    assert not caught.value.retryable


async def test_a_proxy_makes_a_tunnel_and_hears_nothing_of_what_is_in_it(spot):
    upstream, proxy = Hypercorn(), TunnelProxy(authorization="Basic dXNlcjpodW50ZXIy")
    async with spot.asking(upstream) as (url, _), serving(proxy) as through:
        proxies = Proxies({"https": through.replace("://", "://user:hunter2@")})
        transport = Http2Transport(tls=spot.tls, proxies=proxies)
        for _ in range(2):
            assert await read(await transport.send(post(url), connect=5.0)) == b"hello"
        await transport.aclose()
    assert len(proxy.heads) == 1
    assert KEY.encode() not in proxy.heads[0]
    assert upstream.scopes[0]["http_version"] == "2"


async def test_closing_the_transport_ends_calls_that_are_under_way(spot):
    app = Streaming()
    async with spot.asking(app) as (url, transport):
        response = await transport.send(post(url), connect=5.0)
        await response.receive()
        await transport.aclose()
        with trio.fail_after(1):
            await app.left.wait()
        with pytest.raises(StreamInterrupted):
            await response.receive()


async def test_a_provider_is_asked_over_http2_where_its_configuration_says_so():
    sections = {
        "plain": {"type": "openai", "api_key": "k"},
        "two": {"type": "openai", "api_key": "k", "http2": True},
        "also": {"type": "openai", "api_key": "k", "http2": True},
    }
    gateway = build(load_values({"providers": sections}, {}, Registry()).config)
    found = {name: provider.transport for name, provider in gateway.resources.providers.items()}
    assert type(found["two"]) is Http2Transport
    assert found["also"] is found["two"]
    assert type(found["plain"]) is not Http2Transport
    await gateway.resources.aclose()

"""TLS with real certificates: whom we believe, and what an end without goodbye is."""

import datetime
import ssl

import pytest
import trio
import trustme

from sluicegate.adapters.upstream.http import HttpTransport
from sluicegate.adapters.upstream.proxy import Proxies
from sluicegate.adapters.upstream.tls import Contexts, TlsSettings
from sluicegate.pipeline.errors import StreamInterrupted, UpstreamError
from sluicegate.pipeline.provider import UpstreamRequest
from tests.adapters.upstream.certificates import secured, server_context, trusting
from tests.adapters.upstream.framings import OK
from tests.adapters.upstream.upstreams import CHUNKED, Upstream, answer, post, read, serving


@pytest.fixture(scope="module")
def ca():
    return trustme.CA()


@pytest.fixture
async def believing(ca, tmp_path):
    transport = HttpTransport(tls=trusting(ca, tmp_path), proxies=Proxies({}))
    yield transport
    await transport.aclose()


def https(url: str, host: str = "127.0.0.1") -> str:
    return url.replace("http:", "https:").replace("127.0.0.1", host)


@pytest.mark.parametrize("newest", [True, False], ids=["1.3", "1.2"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_good_certificate_is_believed_and_the_connection_used_again(believing, ca, host, newest):
    context = server_context(ca.issue_cert(host), newest=newest)
    upstream = Upstream(answer(b"one"), CHUNKED + b"3\r\ntwo\r\n0\r\n\r\n")
    async with serving(secured(upstream, context)) as url:
        for expected in (b"one", b"two"):
            response = await believing.send(post(https(url, host)), connect=2.0)
            assert await read(response) == expected
    assert upstream.connections == 1


async def test_the_server_learns_our_name_for_it_and_that_we_speak_http_1(believing, ca):
    seen = []
    context = server_context(ca.issue_cert("localhost"))
    context.sni_callback = lambda _socket, name, _context: seen.append(name)

    async def handler(stream):
        await stream.do_handshake()
        seen.append(stream.selected_alpn_protocol())
        await Upstream(answer(b"ok"))(stream)

    async with serving(secured(handler, context)) as url:
        await believing.send(post(https(url, "localhost")), connect=2.0)
    assert seen == ["localhost", "http/1.1"]


def expired(ca):
    then = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    return ca.issue_cert("127.0.0.1", not_before=then, not_after=then + datetime.timedelta(days=1))


@pytest.mark.parametrize(
    ("issue", "why"),
    [
        (lambda ca: ca.issue_cert("elsewhere.example"), "IP address mismatch"),
        (lambda ca: trustme.CA().issue_cert("127.0.0.1"), "unable to get local issuer"),
        (expired, "has expired"),
    ],
    ids=["another's", "unknown CA", "expired"],
)
async def test_bad_certificate_is_refused_and_the_reason_told(believing, ca, issue, why):
    async with serving(secured(Upstream(answer(b"never")), server_context(issue(ca)))) as url:
        with pytest.raises(UpstreamError, match=rf"no connection to 127\.0\.0\.1:\d+: .*not good: .*{why}"):
            await believing.send(post(https(url)), connect=2.0)
    assert believing.pool.open == 0


async def test_certificates_are_verified_unless_it_is_said_otherwise(ca):
    context = server_context(ca.issue_cert("127.0.0.1"))
    async with serving(secured(Upstream(answer(b"ok"), answer(b"ok")), context)) as url:
        with pytest.raises(UpstreamError, match="not good"):
            await HttpTransport(proxies=Proxies({})).send(post(https(url)), connect=2.0)
        careless = HttpTransport(tls=TlsSettings(verify=False), proxies=Proxies({}))
        assert await read(await careless.send(post(https(url)), connect=2.0)) == b"ok"
        await careless.aclose()


async def test_the_environment_names_certificates_as_for_httpx(ca, tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", trusting(ca, tmp_path).ca_file)
    async with serving(secured(Upstream(answer(b"ok")), server_context(ca.issue_cert("127.0.0.1")))) as url:
        transport = HttpTransport(proxies=Proxies({}))
        assert await read(await transport.send(post(https(url)), connect=2.0)) == b"ok"
        await transport.aclose()


async def test_certificates_that_cannot_be_read_are_an_error_of_the_call(tmp_path):
    transport = HttpTransport(tls=TlsSettings(ca_file=str(tmp_path / "none.pem")), proxies=Proxies({}))
    async with serving(Upstream(answer(b"never"))) as url:
        with pytest.raises(UpstreamError, match="certificates to trust cannot be read"):
            await transport.send(post(https(url)), connect=2.0)


async def test_a_server_without_tls_is_an_error(believing):
    async def handler(stream):
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(handler) as url:
        with pytest.raises(UpstreamError, match="the TLS handshake failed"):
            await believing.send(post(https(url)), connect=1.0)


async def test_there_is_one_context_for_each_setting(ca, tmp_path):
    contexts = Contexts()
    found = []

    async def get(settings):
        found.append(await contexts.get(settings))

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(get, trusting(ca, tmp_path))
            nursery.start_soon(get, TlsSettings(verify=False))
    assert len({id(context) for context in found}) == 2
    assert {context.verify_mode for context in found} == {ssl.CERT_REQUIRED, ssl.CERT_NONE}


LONG = b"x" * 10_000_000


async def test_long_bodies_go_both_ways(believing, ca):
    async def handler(stream):
        size = 0
        while size < len(LONG):
            size += len(await stream.receive_some(1_000_000))
        await stream.send_all(OK + b"Content-Length: %d\r\n\r\n" % len(LONG))
        await stream.send_all(LONG)
        await trio.sleep_forever()

    async with serving(secured(handler, server_context(ca.issue_cert("127.0.0.1")))) as url:
        response = await believing.send(UpstreamRequest("POST", https(url), (), LONG), connect=2.0)
        assert len(b"".join([part async for part in parts_of(response)])) == len(LONG)
        assert believing.pool.idle == 1


async def parts_of(response):
    while data := await response.receive():
        yield data


@pytest.mark.parametrize("goodbye", [True, False])
async def test_body_to_the_end_is_whole_only_if_tls_was_ended_well(believing, ca, goodbye):
    """Without that, anybody on the way could cut an answer short, unnoticed."""

    async def handler(stream):
        await stream.receive_some()
        await stream.send_all(OK + b"\r\nall of it")
        if goodbye:
            await stream.aclose()
        await stream.transport_stream.aclose()

    async with serving(secured(handler, server_context(ca.issue_cert("127.0.0.1")), says_goodbye=goodbye)) as url:
        response = await believing.send(post(https(url)), connect=2.0)
        if goodbye:
            assert await read(response) == b"all of it"
        else:
            with pytest.raises(StreamInterrupted):
                await read(response)


async def test_connection_that_was_closed_while_idle_is_not_asked(believing, ca):
    upstream = Upstream(answer(b"one"))
    context = server_context(ca.issue_cert("127.0.0.1"))
    async with serving(secured(upstream, context)) as url:
        await read(await believing.send(post(https(url)), connect=2.0))
        await upstream.gone.wait()
        await trio.testing.wait_all_tasks_blocked(0.02)
        upstream.answers.append(answer(b"two"))
        assert await read(await believing.send(post(https(url)), connect=2.0)) == b"two"
    assert (len(upstream.requests), upstream.connections) == (2, 2)


async def test_answer_may_come_byte_by_byte(believing, ca):
    async def handler(stream):
        await stream.receive_some()
        for byte in CHUNKED + b"3\r\none\r\n0\r\n\r\n":
            await stream.send_all(bytes([byte]))
        await trio.sleep_forever()

    async with serving(secured(handler, server_context(ca.issue_cert("127.0.0.1")))) as url:
        assert await read(await believing.send(post(https(url)), connect=2.0)) == b"one"

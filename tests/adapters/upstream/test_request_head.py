"""Heads of requests as bytes: what gets in, and what does not."""

import httpx
import pytest
from httptools import HttpRequestParser
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.upstream.proxy import Proxies
from sluicegate.adapters.upstream.request_head import RequestHead, request_head
from sluicegate.adapters.upstream.routes import ProxyServer, Route
from sluicegate.adapters.upstream.tls import TlsSettings

TLS = TlsSettings()


def head(url: str, *headers: tuple[bytes, bytes], method: str = "POST", accepts: bytes = b"") -> RequestHead:
    return request_head(method, httpx.URL(url), headers, Proxies({}), TLS, accepts=accepts)


def test_the_whole_request():
    made = head("http://a.example/v1?x=1", (b"x-a", b"1"), accepts=b"gzip")
    assert made.route == Route("a.example", 80)
    assert made.with_body(b"{}") == (
        b"POST /v1?x=1 HTTP/1.1\r\nhost: a.example\r\nx-a: 1\r\naccept-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}"
    )


@pytest.mark.parametrize(
    ("url", "route", "host"),
    [
        ("https://a.example", Route("a.example", 443, TLS), b"a.example"),
        ("https://a.example:8443/", Route("a.example", 8443, TLS), b"a.example:8443"),
        ("http://[::1]:81/", Route("::1", 81), b"[::1]:81"),
        ("http://b\u00fccher.example/", Route("xn--bcher-kva.example", 80), b"xn--bcher-kva.example"),
    ],
)
def test_where_a_url_leads(url, route, host):
    made = head(url)
    assert made.route == route
    assert b"\r\nhost: " + host + b"\r\n" in made.lines


def test_headers_of_the_caller_win():
    lines = head("http://a.example", (b"Host", b"b"), (b"Accept-Encoding", b"identity"), accepts=b"gzip").lines
    assert b"Host: b\r\nAccept-Encoding: identity\r\n" in lines
    assert b"a.example" not in lines
    assert b"gzip" not in lines


def test_user_and_password_of_a_url_are_sent_unless_there_is_a_key():
    url = "http://user:hunter2@a.example/"
    assert b"authorization: Basic dXNlcjpodW50ZXIy\r\n" in head(url).lines
    assert b"Basic" not in head(url, (b"Authorization", b"Bearer x")).lines
    assert b"user" not in head(url).lines


@pytest.mark.parametrize(
    ("method", "body", "says"), [("GET", b"", False), ("POST", b"", True), ("GET", b"x", True), ("DELETE", b"", False)]
)
def test_length_is_said_where_there_is_a_body_or_could_be(method, body, says):
    assert (b"content-length: %d\r\n" % len(body) in head("http://a", method=method).with_body(body)) == says


@pytest.mark.parametrize(
    "header",
    [
        (b"x", b"a\r\nb: c"),
        (b"x", b"a\nb"),
        (b"x", b"a\x00"),
        (b"x", b"a\x7f"),
        (b"x y", b"a"),
        (b"", b"a"),
        (b"x:", b"a"),
        (b"Content-Length", b"1"),
        (b"transfer-encoding", b"chunked"),
    ],
)
def test_header_that_would_break_the_framing_is_refused_and_not_shown(header):
    with pytest.raises(httpx.LocalProtocolError, match=r"^a header that cannot be sent$"):
        head("http://a.example", header)


@pytest.mark.parametrize("method", ["", "GET /", "GET\r\n"])
def test_method_that_is_none_is_refused(method):
    with pytest.raises(httpx.LocalProtocolError):
        head("http://a.example", method=method)


def test_key_is_not_shown():
    made = head("https://a.example", (b"authorization", b"Bearer sk-1"))
    server = ProxyServer("p", 1, None, b"Basic eA==")
    assert "sk-1" not in repr(made)
    assert "eA==" not in repr(Route("a", 1, None, server))


names = st.text("abcXYZ-_!1", min_size=1, max_size=10).map(lambda name: b"x-" + name.encode())
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).map(str.encode)


@given(st.lists(st.tuples(names, values), max_size=8), st.binary(max_size=100))
def test_what_is_written_is_read_as_what_was_meant(headers, body):
    class Seen:
        def __init__(self) -> None:
            self.headers: list[tuple[bytes, bytes]] = []
            self.body = b""
            self.complete = 0

        def on_header(self, name: bytes, value: bytes) -> None:
            self.headers.append((name, value.rstrip()))

        def on_body(self, data: bytes) -> None:
            self.body += data

        def on_message_complete(self) -> None:
            self.complete += 1

    seen = Seen()
    HttpRequestParser(seen).feed_data(head("http://a.example/", *headers).with_body(body))
    assert seen.headers[1:-1] == [(name, value.strip()) for name, value in headers]
    assert (seen.body, seen.complete) == (body, 1)

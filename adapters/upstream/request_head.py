"""The head of a request as bytes, and where it goes. Pure; made once for all requests with the same head.

Only what HTTP can carry gets in: https://www.rfc-editor.org/rfc/rfc9110#section-5.5. No error says what a header
holds, since it may hold the key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import httpx

from .proxy import Proxies, basic
from .routes import Route
from .tls import TlsSettings

RawHeaders = Iterable[tuple[bytes, bytes]]
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*").fullmatch
_PORTS = {"http": 80, "https": 443}
_FRAMING = (b"content-length", b"transfer-encoding")
_WITH_BODY = ("POST", "PUT", "PATCH")


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A head that lacks only the lines that say how long the body is."""

    method: str
    route: Route
    lines: bytes = field(repr=False)

    def with_body(self, body: bytes) -> bytes:
        """Return the whole request."""
        if not body and self.method not in _WITH_BODY:
            return self.lines + b"\r\n"
        return b"%bcontent-length: %d\r\n\r\n%b" % (self.lines, len(body), body)

    def with_length(self, size: int) -> bytes:
        """Return the head of a request whose body of ``size`` bytes is yet to come."""
        return self.with_framing(b"content-length: %d" % size)

    def with_framing(self, line: bytes) -> bytes:
        """Return the head of a request whose body is yet to come."""
        return b"%b%b\r\n\r\n" % (self.lines, line)


def request_head(
    method: str, url: httpx.URL, headers: RawHeaders, proxies: Proxies, tls: TlsSettings, *, accepts: bytes = b""
) -> RequestHead:
    """Return the head of a request.

    Args:
        headers: Without those that frame the body.
        accepts: What ``accept-encoding`` says where the headers have none.

    Raises:
        httpx.UnsupportedProtocol: The URL is none that HTTP can be spoken to.
        httpx.LocalProtocolError: The method or a header cannot be sent.
        httpx.ProxyError: The proxy for the URL cannot be used.
    """
    lines = request_lines(method, url, headers, accepts=accepts)
    route, target, for_proxy = _route(url, proxies, tls)
    if for_proxy:
        lines.append(_checked(b"proxy-authorization", for_proxy))
    written = b"".join([b"%b: %b\r\n" % line for line in lines])
    return RequestHead(method, route, b"%b %b HTTP/1.1\r\n%b" % (method.encode(), target, written))


def request_lines(
    method: str, url: httpx.URL, headers: RawHeaders, *, accepts: bytes = b""
) -> list[tuple[bytes, bytes]]:
    """Return the headers of a request, with those that a client adds; all of it can be sent.

    Args:
        headers: Without those that frame the body.
        accepts: What ``accept-encoding`` says where the headers have none.

    Raises:
        httpx.UnsupportedProtocol: The URL is none that HTTP can be spoken to.
        httpx.LocalProtocolError: The method or a header cannot be sent.
    """
    if url.scheme not in _PORTS or not url.host:
        raise httpx.UnsupportedProtocol("only http and https URLs with a host can be asked")
    lines = [(b"host", url.netloc), *headers]
    names = {name.lower() for name, _ in lines[1:]}
    if b"host" in names:
        del lines[0]
    if accepts and b"accept-encoding" not in names:
        lines.append((b"accept-encoding", accepts))
    if url.userinfo and b"authorization" not in names:
        lines.append((b"authorization", basic(url.username.encode(), url.password.encode())))
    if not _NAME(method.encode()):
        raise httpx.LocalProtocolError("a method that cannot be sent")
    return [_checked(name, value) for name, value in lines]


def _checked(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if not _NAME(name) or not _VALUE(value) or name.lower() in _FRAMING:
        raise httpx.LocalProtocolError("a header that cannot be sent")
    return name, value.strip()


def _route(url: httpx.URL, proxies: Proxies, tls: TlsSettings) -> tuple[Route, bytes, bytes]:
    """Return where to connect to, what to ask for there, and what a forwarding proxy wants to hear."""
    host = url.raw_host.decode("ascii")
    port = url.port or _PORTS[url.scheme]
    proxy = proxies.find(url.scheme, host, port)
    if url.scheme == "https":
        return Route(host, port, tls, proxy), url.raw_path, b""
    if proxy is None:
        return Route(host, port), url.raw_path, b""
    return Route(proxy.host, proxy.port, proxy.tls), b"http://" + url.netloc + url.raw_path, proxy.authorization

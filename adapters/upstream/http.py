"""The HTTP transport: requests to providers, straight on the pool of connections.

* Redirects are not followed: they would carry the gateway's key to wherever an upstream points.
* Cookies are not kept: the connections are shared by all callers.
* Proxies and certificates come from the environment, as httpx reads it.
* Only connecting has a time limit here. All other waiting is bounded by the cancel scopes of whoever calls.
* No message holds what stands in a header, since a header may hold the key.
* HTTP/1.1 alone is spoken; `http2` has the other. A call is one request and one answer, and what a connection costs is
  paid once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import inf
from typing import Protocol
from urllib.parse import urlsplit

import httpx
import trio

from sluicegate.pipeline.errors import StreamInterrupted, UpstreamError, UpstreamTimeout
from sluicegate.pipeline.provider import UpstreamHead, UpstreamRequest

from .body import Body
from .coding import ACCEPTED, Inflate, decoder_for
from .dial import Dialer
from .h1_reader import CutShort
from .pool import Pool
from .proxy import Proxies
from .request_head import RequestHead, request_head
from .roundtrip import Upload, Waits, roundtrip
from .tls import TlsSettings

HEADS = 512
"""Heads of requests that are kept: those to one URL with one key differ only in the length of the body."""
FOREIGN = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL)


class HttpTransport:
    """Carries requests over HTTP/1.1, with kept connections.

    Args:
        max_connections: Connections open at once, to all upstreams together; what is over waits for one.
        keep_idle: Idle connections kept.
        idle_time: Seconds that an idle connection is kept.
        tls: How upstreams prove who they are.
        proxies: Which proxy a URL needs; those of the environment by default.
    """

    def __init__(
        self,
        *,
        max_connections: int = 10_000,
        keep_idle: int = 256,
        idle_time: float = 30.0,
        tls: TlsSettings | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        self._tls = tls or TlsSettings()
        self._proxies = proxies or Proxies.from_environment(self._tls)
        self.pool = Pool(
            Dialer().dial,
            limit=max_connections,
            limit_per_route=max_connections,
            keep_idle=keep_idle,
            keep_idle_per_route=keep_idle,
            idle_time=idle_time,
        )
        self._prepared = lru_cache(maxsize=HEADS)(self._prepare)

    async def send(self, request: UpstreamRequest, *, connect: float) -> HttpResponse:
        """Send a request and return once the head of the answer is there, as `send_by` without an end. A checkpoint."""
        return await self.send_by(request, connect=connect, due=inf)

    async def send_by(self, request: UpstreamRequest, *, connect: float, due: float) -> TimedHttpResponse:
        """Send a request and return once the head of the answer is there. A checkpoint.

        Args:
            connect: Seconds that opening a connection may take.
            due: When to give up, on trio's clock.

        Raises:
            UpstreamTimeout: Connecting took too long.
            UpstreamError: No answer could be had.
            trio.TooSlowError: There was none by ``due``.
        """
        try:
            head, host = self._prepared(request.method, request.url, request.headers)
        except (httpx.LocalProtocolError, UnicodeError):
            raise unsendable(host_of(request.url)) from None  # a UnicodeEncodeError carries the header's value
        except FOREIGN as error:
            raise before_answer(error, host_of(request.url), connect) from None
        waits = Waits(connect=connect, due=due)
        outgoing: bytes | Upload
        if (upload := request.upload) is None:
            outgoing = head.with_body(request.body)
        else:
            outgoing = Upload(head.with_length(upload.size), upload.pieces(), upload.pieces)
        try:
            body = await roundtrip(self.pool, head.route, head.method, outgoing, waits)
        except FOREIGN as error:
            raise before_answer(error, host, connect) from error
        return _opened(body, host)

    async def aclose(self) -> None:
        """Close every connection."""
        self.pool.close()
        self._prepared.cache_clear()
        await trio.lowlevel.cancel_shielded_checkpoint()

    def _prepare(self, method: str, url: str, headers: tuple[tuple[str, str], ...]) -> tuple[RequestHead, str]:
        raw = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers]
        accepts = ACCEPTED.encode()
        return request_head(method, httpx.URL(url), raw, self._proxies, self._tls, accepts=accepts), host_of(url)


class AnswerBody(Protocol):
    """What follows a head. Its exceptions are httpx's."""

    async def receive(self) -> bytes:
        """Return the next bytes, or ``b""`` at the end. A checkpoint."""
        ...

    def close(self) -> None:
        """Want no more of it."""
        ...


class HttpResponse:
    """An open answer.

    Attributes:
        head: Status and headers.
    """

    __slots__ = ("_body", "_host", "head")

    def __init__(self, body: AnswerBody, head: UpstreamHead, host: str, decoder: Inflate | None) -> None:
        self._body = body if decoder is None else _Unpacked(body, decoder, host)
        self._host = host
        self.head = head

    async def receive(self) -> bytes:
        """Return the bytes that came together, or ``b""`` at the end of the message. A checkpoint.

        Raises:
            StreamInterrupted: The connection broke before the message was complete.
            UpstreamError: The message is not what its head says.
        """
        try:
            return await self._body.receive()
        except httpx.StreamClosed:
            raise StreamInterrupted(f"the answer of {self._host} was closed before its end") from None
        except FOREIGN as error:
            if isinstance(error, httpx.RemoteProtocolError) and not isinstance(error, CutShort):
                text = f"{self._host} broke the rules of HTTP in the middle of its answer: {error}"
            else:
                text = f"{self._host} closed the connection in the middle of its answer"
            raise StreamInterrupted(text) from error

    async def aclose(self) -> None:
        """Give the connection back, or close it when the answer is not complete. Safe to call twice. No checkpoint."""
        self._body.close()


class _Unpacked:
    """A body that comes compressed."""

    def __init__(self, body: AnswerBody, decoder: Inflate, host: str) -> None:
        self._body = body
        self._decoder = decoder
        self._host = host
        self._pieces: Iterator[bytes] = iter(())
        self.close = body.close

    async def receive(self) -> bytes:
        """Return the next bytes as they were before they were compressed. A checkpoint."""
        while True:
            if piece := next(self._pieces, b""):
                await trio.lowlevel.checkpoint()
                return piece
            packed = await self._body.receive()
            if not packed and not self._decoder.complete:
                raise StreamInterrupted(f"{self._host} ended its compressed answer in the middle")
            if not packed:
                return b""
            self._pieces = self._decoder.feed(packed)


class TimedHttpResponse(HttpResponse):
    """An open answer that ends its own waits."""

    __slots__ = ("_timed",)

    def __init__(self, body: Body, head: UpstreamHead, host: str, decoder: Inflate | None) -> None:
        super().__init__(body, head, host, decoder)
        self._timed = body

    def put_off(self, due: float) -> None:
        """Let `receive` raise TooSlowError if nothing has come by ``due``, on trio's clock."""
        self._timed.due = due


def _opened(body: Body, host: str) -> TimedHttpResponse:
    head = head_of(body.reader.status, body.reader.headers)
    try:
        decoder = decoder_for(head.headers.get("content-encoding", ""), host)
    except UpstreamError:
        body.close()
        raise
    return TimedHttpResponse(body, head, host, decoder)


def head_of(status: int, raw: Iterable[tuple[bytes, bytes]]) -> UpstreamHead:
    """Return a head; headers of one name are joined."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return UpstreamHead(status, headers)


def host_of(url: str) -> str:
    """Return the host and port of a URL, for messages: a URL may hold a user's name and password."""
    try:
        parts = urlsplit(url)
        return parts.netloc.rpartition("@")[2] or "an upstream without a host"
    except ValueError:
        return "an upstream with a malformed URL"


def unsendable(host: str) -> UpstreamError:
    """Return the error for a request with what no header may hold."""
    return UpstreamError(
        f"the request to {host} could not be written as HTTP; look at base_url, api_key and headers", retryable=False
    )


def before_answer(error: Exception, host: str, connect: float) -> UpstreamError:
    """Return our error for one that was raised before there was an answer."""
    if isinstance(error, httpx.ConnectTimeout):
        return UpstreamTimeout(f"no connection to {host} within {connect:g} s", code="upstream_connect_timeout")
    if isinstance(error, httpx.ProxyError):
        return UpstreamError(f"the proxy in front of {host} refused the connection: {error}")
    if isinstance(error, httpx.ConnectError):
        return UpstreamError(f"no connection to {host}: {error}")
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return UpstreamError(f"the URL of {host} is none that HTTP can be spoken to", retryable=False)
    if isinstance(error, httpx.RemoteProtocolError) and not isinstance(error, CutShort):
        return UpstreamError(f"{host} broke the rules of HTTP before it answered: {error}")
    return UpstreamError(f"{host} closed the connection before it answered")

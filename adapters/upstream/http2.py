"""The transport for upstreams that are to be asked over HTTP/2: httpx's own, behind our protocol.

* Each call has a connection for itself, and gives it back when its answer is complete. httpx does not tell an upstream
  that a call has been given up while others share its connection, and the upstream would go on: so none share one, and
  giving up closes the connection, as it does over HTTP/1.1.
* Client and server agree on the protocol inside of TLS. A server that does not speak HTTP/2 is spoken HTTP/1.1 to.
* All else is as `http` has it: no redirects, no cookies, the environment's proxies, no time limit but for connecting.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from math import inf
from ssl import SSLContext
from typing import Any, NamedTuple

import httpx
import trio

from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.files import Source
from sluicegate.pipeline.provider import UpstreamRequest

from .coding import ACCEPTED, decoder_for
from .h1_reader import CutShort
from .http import FOREIGN, HttpResponse, before_answer, head_of, host_of, unsendable
from .http2_body import Http2Body, in_plain_words
from .proxy import Proxies
from .request_head import request_lines
from .routes import ProxyServer, Route
from .tls import Contexts, TlsSettings

_FOR_EVER = httpx.Timeout(None).as_dict()
_PORTS = {"http": 80, "https": 443}


class _Line(NamedTuple):
    """A connection, or the place for one. ``since`` is when it became idle, on trio's clock."""

    transport: httpx.AsyncHTTPTransport
    route: Route
    since: float = inf


class Http2Response(HttpResponse):
    """An open answer."""

    __slots__ = ("_open",)

    def __init__(self, body: Http2Body, host: str) -> None:
        head = head_of(body.status, body.headers)
        super().__init__(body, head, host, decoder_for(head.headers.get("content-encoding", ""), host))
        self._open = body

    async def aclose(self) -> None:
        """Close the connection, unless the answer is complete. Safe to call twice."""
        await self._open.aclose()


class _Pieces(httpx.AsyncByteStream):
    """An upload as httpx sends it: from the beginning each time."""

    def __init__(self, upload: Source) -> None:
        self._upload = upload

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with aclosing(self._upload.pieces()) as pieces:
            async for piece in pieces:
                yield piece


class _Opening:
    """Follows a call as far as its request, by what httpx tells on the way: https://www.encode.io/httpcore/extensions/."""

    def __init__(self, deadline: float) -> None:
        self.scope = trio.CancelScope(deadline=deadline)
        self._opened: list[Any] = []

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Note a socket; let the time for connecting end where the request begins."""
        if event == "connection.connect_tcp.complete":
            self._opened.append(info["return_value"])
        elif event.endswith(".send_request_headers.started") and info["request"].method != b"CONNECT":
            self.scope.deadline = inf

    async def close(self) -> None:
        """Close the sockets. Of one whose handshake was cancelled nobody else knows."""
        with trio.CancelScope(shield=True):  # closing a socket does not wait for anybody
            for stream in self._opened:
                await stream.aclose()


class Http2Transport:
    """Carries requests over HTTP/2, with kept connections. There are as many as there are calls under way.

    Args:
        keep_idle: Idle connections kept, those to all upstreams together.
        idle_time: Seconds that an idle connection is kept.
        tls: How upstreams prove who they are.
        proxies: Which proxy a URL needs; those of the environment by default.
    """

    def __init__(
        self,
        *,
        keep_idle: int = 256,
        idle_time: float = 30.0,
        tls: TlsSettings | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        self._tls = tls or TlsSettings()
        self._proxies = proxies or Proxies.from_environment(self._tls)
        self._contexts = Contexts()
        self._keep_idle = keep_idle
        self._idle_time = idle_time
        self._idle: list[_Line] = []
        self._under_way: set[_Line] = set()

    async def send(self, request: UpstreamRequest, *, connect: float) -> HttpResponse:
        """Send a request and return once the head of the answer is there. A checkpoint.

        Args:
            connect: Seconds that opening a connection may take.

        Raises:
            UpstreamTimeout: Connecting took too long.
            UpstreamError: No answer could be had.
        """
        host = host_of(request.url)
        try:
            url = httpx.URL(request.url)
            raw = [(name.encode("ascii"), value.encode("ascii")) for name, value in request.headers]
            lines = request_lines(request.method, url, raw, accepts=ACCEPTED.encode())
            if (upload := request.upload) is None:
                asked = httpx.Request(request.method, url, headers=lines, content=request.body)
            else:
                lines.append((b"content-length", b"%d" % upload.size))
                asked = httpx.Request(request.method, url, headers=lines, stream=_Pieces(upload))
            body = await self._asked(asked, connect)
        except (httpx.LocalProtocolError, UnicodeError):
            raise unsendable(host) from None  # a UnicodeEncodeError carries the header's value
        except FOREIGN as error:
            raise before_answer(error, host, connect) from error
        try:
            return Http2Response(body, host)
        except UpstreamError:
            await body.aclose()
            raise

    async def aclose(self) -> None:
        """Close every connection."""
        lines, self._idle = [*self._idle, *self._under_way], []
        with trio.CancelScope(shield=True):  # closing a socket does not wait for anybody
            for line in lines:
                await line.transport.aclose()

    async def _asked(self, request: httpx.Request, connect: float) -> Http2Body:
        """Ask; once more on a new connection if one that was used before has died."""
        url = request.url
        port = url.port or _PORTS[url.scheme]
        tls = self._tls if url.scheme == "https" else None
        route = Route(url.host, port, tls, self._proxies.find(url.scheme, url.raw_host.decode("ascii"), port))
        line = await self._kept(route)
        if line is not None:
            try:
                return await self._on(line, request, connect)
            except (httpx.ReadError, httpx.WriteError, CutShort):
                pass
        return await self._on(_Line(await self._new(route), route), request, connect)

    async def _on(self, line: _Line, request: httpx.Request, connect: float) -> Http2Body:
        """Ask on one connection, which is closed if there is no answer."""
        self._under_way.add(line)
        opening = _Opening(trio.current_time() + connect)
        request.extensions = {"timeout": _FOR_EVER, "trace": opening.trace}
        try:
            with opening.scope:
                response = await line.transport.handle_async_request(request)
            if opening.scope.cancelled_caught:
                raise httpx.ConnectTimeout(f"no connection within {connect:g} s")
        except BaseException as error:
            await self._discard(line)
            await opening.close()
            if isinstance(error, httpx.TransportError):
                raise in_plain_words(error) from error
            raise
        return Http2Body(response, lambda: self._keep(line), lambda: self._discard(line))

    async def _kept(self, route: Route) -> _Line | None:
        """Return the connection to there that was used last, if there is one; close those that are idle for long."""
        dead = trio.current_time() - self._idle_time
        for line in [line for line in self._idle if line.since <= dead]:
            self._idle.remove(line)
            await self._discard(line)
        for line in reversed(self._idle):
            if line.route == route:
                self._idle.remove(line)
                return line
        return None

    async def _new(self, route: Route) -> httpx.AsyncHTTPTransport:
        proxy = None if route.proxy is None else await self._proxy(route.proxy)
        context = await self._context(route.tls)
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=None)
        return httpx.AsyncHTTPTransport(verify=context, http2=True, limits=limits, proxy=proxy, trust_env=False)

    async def _proxy(self, server: ProxyServer) -> httpx.Proxy:
        scheme = "http" if server.tls is None else "https"
        headers = {"proxy-authorization": server.authorization.decode("ascii")} if server.authorization else {}
        context = None if server.tls is None else await self._context(server.tls)
        url = httpx.URL(scheme=scheme, host=server.host, port=server.port)
        return httpx.Proxy(url, ssl_context=context, headers=headers)

    async def _context(self, tls: TlsSettings | None) -> SSLContext:
        return await self._contexts.get(tls or self._tls)

    async def _keep(self, line: _Line) -> None:
        self._under_way.discard(line)
        self._idle.append(line._replace(since=trio.current_time()))
        if len(self._idle) > self._keep_idle:
            await self._discard(self._idle.pop(0))

    async def _discard(self, line: _Line) -> None:
        self._under_way.discard(line)
        with trio.CancelScope(shield=True):  # closing a socket does not wait for anybody
            await line.transport.aclose()

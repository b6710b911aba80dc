"""Our connections under httpx's client: ``httpx.AsyncClient(transport=PooledTransport())``.

A thin shell over the same pool that `HttpTransport` uses. The client's timeouts hold for each wait, as httpx means
them; its own proxies and certificates do not reach a transport that it is given, so they are set here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from math import inf
from typing import Any

import httpx
import trio

from .body import Body
from .dial import Dialer
from .pool import Pool
from .proxy import Proxies
from .request_head import request_head
from .roundtrip import Upload, Waits, roundtrip
from .tls import TlsSettings

_FRAMING = (b"content-length", b"transfer-encoding")


class PooledTransport(httpx.AsyncBaseTransport):
    """A transport for `httpx.AsyncClient`, for HTTP/1.1 under trio.

    Args:
        pool: The connections, if they are to be shared; otherwise new ones with the pool's own limits.
        tls: How servers prove who they are.
        proxies: Which proxy a URL needs; those of the environment by default.
    """

    def __init__(
        self, pool: Pool | None = None, *, tls: TlsSettings | None = None, proxies: Proxies | None = None
    ) -> None:
        self.pool = pool or Pool(Dialer().dial)
        self._owned = pool is None
        self._tls = tls or TlsSettings()
        self._proxies = proxies or Proxies.from_environment(self._tls)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; return its answer once the head is there. A checkpoint.

        Raises:
            httpx.TransportError: There is no answer to be had.
        """
        headers = [(name, value) for name, value in request.headers.raw if name.lower() not in _FRAMING]
        head = request_head(request.method, request.url, headers, self._proxies, self._tls)
        outgoing: bytes | Upload
        if isinstance(request.stream, httpx.ByteStream):
            outgoing = head.with_body(b"".join(request.stream))
        else:
            assert isinstance(request.stream, httpx.AsyncByteStream)
            length = request.headers.get("content-length")
            framing = f"content-length: {length}" if length is not None else "transfer-encoding: chunked"
            pieces = _chunks(request.stream) if length is None else _exactly(request.stream, int(length))
            outgoing = Upload(head.with_framing(framing.encode()), pieces)
        waits = _waits(request.extensions.get("timeout", {}))
        body = await roundtrip(self.pool, head.route, request.method, outgoing, waits)
        return httpx.Response(
            body.reader.status,
            headers=body.reader.headers,
            stream=_BodyStream(body),
            extensions={"http_version": b"HTTP/1.1"},
        )

    async def aclose(self) -> None:
        """Close every connection, unless they are shared."""
        if self._owned:
            self.pool.close()
        await trio.lowlevel.cancel_shielded_checkpoint()


class _BodyStream(httpx.AsyncByteStream):
    """A body as httpx reads it. No generator: one that is left in the middle would have to be closed."""

    def __init__(self, body: Body) -> None:
        self._body = body

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if data := await self._body.receive():
            return data
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._body.close()


async def _chunks(stream: httpx.AsyncByteStream) -> AsyncGenerator[bytes, None]:
    async with _iterating(stream) as pieces:
        async for piece in pieces:
            if piece:
                yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


async def _exactly(stream: httpx.AsyncByteStream, length: int) -> AsyncGenerator[bytes, None]:
    async with _iterating(stream) as pieces:
        async for piece in pieces:
            length -= len(piece)
            if length < 0:
                break
            yield piece
    if length:
        raise httpx.LocalProtocolError("the body is not as long as content-length says")


@asynccontextmanager
async def _iterating(stream: httpx.AsyncByteStream) -> AsyncIterator[AsyncIterator[bytes]]:
    """Iterate over a stream; end its generator at once if it is left in the middle."""
    pieces = aiter(stream)
    try:
        yield pieces
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()


def _waits(timeout: Mapping[str, Any]) -> Waits:
    limits = {name: timeout.get(name) for name in Waits._fields}
    return Waits(**{name: inf if limit is None else float(limit) for name, limit in limits.items()})

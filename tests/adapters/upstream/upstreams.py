"""Servers on loopback that behave as badly as real ones, and requests to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import trio

from sluicegate.pipeline.provider import UpstreamRequest, UpstreamResponse

KEY = "sk-transport-0123456789"
Server = Callable[[trio.SocketStream], Awaitable[None]]


class Upstream:
    """A server that answers each request with the next of its answers, and counts its connections."""

    def __init__(self, *answers: bytes, hold: bool = False) -> None:
        self.answers = list(answers)
        self.hold = hold
        self.connections = 0
        self.gone = trio.Event()
        self.requests: list[bytes] = []

    async def __call__(self, stream: trio.abc.Stream) -> None:
        self.connections += 1
        try:
            while self.answers and (request := await self._request(stream)):
                self.requests.append(request)
                await stream.send_all(self.answers.pop(0))
            while self.hold and await stream.receive_some():
                pass
        except trio.BrokenResourceError:
            pass
        self.gone.set()
        await stream.aclose()

    async def _request(self, stream: trio.abc.Stream) -> bytes:
        seen = b""
        while not seen.endswith(b"{}"):
            data = await stream.receive_some()
            if not data:
                return b""
            seen += bytes(data)
        return seen


class Silent:
    """A server that hears and never answers."""

    def __init__(self) -> None:
        self.heard = trio.Event()
        self.gone = trio.Event()

    async def __call__(self, stream: trio.abc.Stream) -> None:
        with suppress(trio.BrokenResourceError):
            while await stream.receive_some():
                self.heard.set()
        self.gone.set()


@asynccontextmanager
async def serving(handler: Server) -> AsyncIterator[str]:
    """Run a server on loopback; give its base URL."""
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, handler, 0, host="127.0.0.1"))
        yield f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


def post(url: str, *headers: tuple[str, str]) -> UpstreamRequest:
    return UpstreamRequest("POST", f"{url}/v1/x", (("authorization", f"Bearer {KEY}"), *headers), b"{}")


async def read(response: UpstreamResponse) -> bytes:
    body = b""
    while data := await response.receive():
        body += data
    return body


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n"

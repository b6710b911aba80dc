"""Our server around a small application on a real socket, and a client that reads answers byte by byte."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple

import trio

from sluicegate.adapters.http.h1.limits import Limits
from sluicegate.adapters.http.server import serve_http
from sluicegate.adapters.http.sockets import listen
from sluicegate.pipeline.config.sections import ServerSettings


async def read_body(receive):
    """Return a request's whole body, or None if its client left before the end."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message["body"]
        if not message["more_body"]:
            return body


async def reply(send, body=b"", status=200, headers=(), *, more=False):
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def lifespan(receive, send):
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


def on_http(serve):
    """Make an application of what serves HTTP only."""

    async def app(scope, receive, send):
        await (lifespan(receive, send) if scope["type"] == "lifespan" else serve(scope, receive, send))

    return app


@on_http
async def echo(scope, receive, send):
    """Tell of a request what the server made of it."""
    body = await read_body(receive)
    if body is None:
        return
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    target = scope["raw_path"] + query
    told = b" ".join([scope["method"].encode(), target, scope["http_version"].encode(), body])
    await reply(send, told.rstrip())


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def message(self):
        return json.loads(self.body)["error"]["message"]

    @property
    def code(self):
        return json.loads(self.body)["error"]["code"]


class Client:
    """Reads answers from a stream."""

    patience = 5

    def __init__(self, stream):
        self.stream = stream
        self.rest = b""

    async def send(self, data):
        await self.stream.send_all(data)

    async def more(self):
        """Read once; False at the end."""
        with trio.fail_after(self.patience):
            part = await self.stream.receive_some()
        self.rest += part
        return bool(part)

    async def until(self, mark):
        while mark not in self.rest:
            assert await self.more(), self.rest
        found, _, self.rest = self.rest.partition(mark)
        return found

    async def exactly(self, count):
        while len(self.rest) < count:
            assert await self.more(), self.rest
        found, self.rest = self.rest[:count], self.rest[count:]
        return found

    async def to_the_end(self):
        while await self.more():
            pass
        found, self.rest = self.rest, b""
        return found

    async def answer(self, method="GET"):
        """Read one answer."""
        line, *fields = (await self.until(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        version, status, _ = line.split(" ", 2)
        assert version == "HTTP/1.1"
        headers = dict(field.split(": ", 1) for field in fields)
        assert len(headers) == len(fields)
        return Answer(int(status), headers, await self._body(method, int(status), headers))

    async def final(self, method="GET"):
        """Read one answer, and pass over what comes before it."""
        while (answer := await self.answer(method)).status < 200:
            assert answer == (100, {}, b"")
        return answer

    async def _body(self, method, status, headers):
        if method == "HEAD" or status in (204, 304) or status < 200:
            return b""
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(await self.until(b"\r\n"), 16):
                body += await self.exactly(size)
                assert await self.exactly(2) == b"\r\n"
            assert await self.exactly(2) == b"\r\n"
            return body
        if "content-length" in headers:
            return await self.exactly(int(headers["content-length"]))
        return await self.to_the_end()

    async def assert_closed(self):
        assert await self.to_the_end() == b""

    async def assert_open(self):
        await self.send(b"GET /again HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await self.answer()).status == 200


class Served(NamedTuple):
    port: int

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        async with await trio.open_tcp_stream("127.0.0.1", self.port) as stream:
            yield Client(stream)


@asynccontextmanager
async def serving(
    app=echo, limits: Limits | None = None, settings: ServerSettings | None = None
) -> AsyncIterator[Served]:
    sock = listen("127.0.0.1", 0)
    port = sock.getsockname()[1]
    closing = trio.Event()
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve_http, app, sock, closing.wait, settings, limits=limits))
        yield Served(port)
        nursery.cancel_scope.cancel()

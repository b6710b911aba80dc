"""A server on loopback that keeps what it is asked, byte by byte, and answers as it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import h11
import trio


@dataclass
class Asked:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = field(repr=False)


@dataclass
class Told:
    """One answer. ``cut`` breaks the connection off after the body, which then lacks its end."""

    body: bytes = b"{}"
    status: int = 200
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False


class Keeper:
    """Answers each request with what ``answer`` says to it."""

    def __init__(self, answer: Callable[[Asked], Told]) -> None:
        self.asked: list[Asked] = []
        self.url = ""
        self._answer = answer

    async def serve(self, stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, h11.RemoteProtocolError):
            while await self._one(stream):
                pass
        await stream.aclose()

    async def _one(self, stream: trio.SocketStream) -> bool:
        connection = h11.Connection(h11.SERVER)
        request: h11.Request | None = None
        body = bytearray()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await stream.receive_some())
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                return False
        assert request is not None
        headers = {name.decode(): value.decode() for name, value in request.headers}
        asked = Asked(request.method.decode(), request.target.decode(), headers, bytes(body))
        self.asked.append(asked)
        told = self._answer(asked)
        length = len(told.body) + told.cut
        lines = [("content-type", told.media_type), ("content-length", str(length)), *told.headers]
        head = h11.Response(status_code=told.status, headers=lines)
        await stream.send_all((connection.send(head) or b"") + told.body)
        return not told.cut


@asynccontextmanager
async def keeping(answer: Callable[[Asked], Told] | Told) -> AsyncIterator[Keeper]:
    """Run a keeper; an answer that is no function is the one to everything."""
    keeper = Keeper((lambda _: answer) if isinstance(answer, Told) else answer)
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, keeper.serve, 0, host="127.0.0.1"))
        keeper.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/v1"
        yield keeper
        nursery.cancel_scope.cancel()

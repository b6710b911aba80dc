"""An upstream on 127.0.0.1 that does what its scripts say: answer, dawdle, send nonsense, break off, stall.

A script is a list of steps for one request: bytes are sent as they are, in a write of their own, a number is a pause in
seconds, and the steps below wait for the client, or end the connection, or leave it hanging. A connection whose script
ends it by none of them is kept and serves the next request. HTTP is written by hand, so that it can be written wrongly.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import Enum

import trio
import trio.testing


class Wait(Enum):
    """What a script waits for."""

    READ = "until the client has read all that was sent, and every task has nothing left to do"


class Break(Enum):
    """How a script ends other than well."""

    FIN = "close the connection in an orderly way"
    RST = "reset the connection"
    STALL = "say nothing any more, until the client leaves"


Step = bytes | float | Wait | Break
Script = list[Step]


@dataclass
class Visit:
    """One request, and what became of its connection. Times are seconds on trio's clock.

    Attributes:
        sent: Bytes that the kernel has taken so far.
        answering: Whether more of the answer is to come than the step that is under way.
        left: When the client was seen to have closed the connection, or None.
    """

    head: bytes
    body: bytes
    at: float
    sent: int = 0
    answering: bool = True
    left: float | None = None
    gone: trio.Event = field(default_factory=trio.Event)

    def leaves(self) -> None:
        """Note that the client has closed the connection."""
        self.left = trio.current_time()
        self.gone.set()


class FaultyUpstream:
    """Answers requests by scripts, one a request, in order.

    Attributes:
        visits: The requests so far.
        connections: How many connections were opened.
    """

    def __init__(self, *scripts: Script) -> None:
        self._scripts = iter(scripts)
        self.visits: list[Visit] = []
        self.connections = 0
        self.url = ""
        self._visited = trio.Event()

    async def first_visit(self) -> Visit:
        """Wait for the first request."""
        await self._visited.wait()
        return self.visits[0]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[FaultyUpstream]:
        """Serve for as long as the block runs."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/v1"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, self._connection, listeners)
            yield self
            nursery.cancel_scope.cancel()

    async def _connection(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        async with stream:
            received = b""
            try:
                while (visit_and_rest := await _read_request(stream, received)) is not None:
                    visit, received = visit_and_rest
                    self.visits.append(visit)
                    self._visited.set()
                    if not await self._serve(stream, visit):
                        return
            except trio.BrokenResourceError:
                return

    async def _serve(self, stream: trio.SocketStream, visit: Visit) -> bool:
        """Play the next script, while watching for the client to leave. Return whether the connection is kept."""
        script = next(self._scripts, None)
        if script is None:
            raise AssertionError(f"request {len(self.visits)} has no script")
        kept = True
        async with trio.open_nursery() as nursery:
            if not isinstance(script[-1], Break) or script[-1] is Break.STALL:
                nursery.start_soon(_watch, stream, visit, nursery.cancel_scope)
            try:
                for step in script:
                    visit.answering = step is not script[-1]
                    kept = await _play(stream, visit, step)
            except trio.BrokenResourceError:
                visit.leaves()
            nursery.cancel_scope.cancel()
        return kept and visit.left is None


async def _play(stream: trio.SocketStream, visit: Visit, step: Step) -> bool:
    """Do one step. Return whether the connection is kept."""
    if isinstance(step, bytes):
        for start in range(0, len(step), 65536):
            piece = step[start : start + 65536]
            await stream.send_all(piece)
            visit.sent += len(piece)
    elif isinstance(step, Break):
        if step is Break.STALL:
            await trio.sleep_forever()
        if step is Break.RST:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.socket.close()
        return False
    elif isinstance(step, Wait):
        await trio.testing.wait_all_tasks_blocked()
    else:
        await trio.sleep(step)
    return True


async def _watch(stream: trio.SocketStream, visit: Visit, playing: trio.CancelScope) -> None:
    """See the client leave. What it says once it has its answer is another request, and stays to be read."""
    try:
        early = await stream.socket.recv(80, socket.MSG_PEEK)
    except (OSError, trio.ClosedResourceError):
        early = b""
    if early and visit.answering:
        raise AssertionError(f"a client that speaks before it has its answer: {early!r}")
    if not early:
        visit.leaves()
        playing.cancel()


async def _read_request(stream: trio.SocketStream, received: bytes) -> tuple[Visit, bytes] | None:
    """Read one request with a length. Return it and what came behind it, or None if the client has left."""
    while b"\r\n\r\n" not in received:
        data = await stream.receive_some()
        if not data:
            return None
        received += data
    head, _, rest = received.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    while len(rest) < length:
        rest += await stream.receive_some()
    return Visit(head, rest[:length], trio.current_time()), rest[length:]


@contextmanager
def refusing() -> Iterator[str]:
    """Give the URL of a port where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/v1"


def head(status: int = 200, media_type: str = "application/json", **headers: str) -> bytes:
    """The head of an answer. Underscores in the names of headers stand for hyphens."""
    lines = [f"HTTP/1.1 {status} Whatever", f"content-type: {media_type}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def answer(body: bytes, status: int = 200, media_type: str = "application/json", **headers: str) -> Script:
    """A whole answer."""
    return [head(status, media_type, content_length=str(len(body)), **headers) + body]


STREAM_HEAD = head(media_type="text/event-stream", transfer_encoding="chunked")
LAST_CHUNK = b"0\r\n\r\n"


def chunked(data: bytes) -> bytes:
    """One chunk of a body."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def stream(*steps: Step, ends: bool = True) -> Script:
    """A streamed answer: bytes become a chunk each. Without ``ends``, the last chunk is missing."""
    script: Script = [STREAM_HEAD, *(chunked(step) if isinstance(step, bytes) else step for step in steps)]
    return [*script, LAST_CHUNK] if ends else script

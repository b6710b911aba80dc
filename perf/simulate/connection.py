"""One connection to the simulated upstream: requests in, answers out, one after the other.

Its rules:

* A request is answered once all of it is there, at whatever boundaries its bytes come.
* What a client sends ahead waits until the answer before it has gone, up to MOST_AHEAD bytes; more ends the
  connection.
* What a client does not read waits here, never more than the rest of one answer.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ..loop import READ, WRITE
from . import answers
from .asked import BadHead, Head, read_head
from .voices.voice import json

if TYPE_CHECKING:
    from .server import Server

MOST_HEAD = 64 * 1024
MOST_BODY = 64 * 1024 * 1024
MOST_AHEAD = 1024 * 1024
PIECE = 256 * 1024
MOST_HEADS = 256
"""Different heads that are remembered, so that they need not be read again."""
_END = b"\r\n\r\n"


class Connection:
    """Serves one client."""

    __slots__ = (
        "_busy",
        "_came",
        "_done",
        "_need",
        "_serving",
        "_size",
        "_unsent",
        "closed",
        "server",
        "sock",
        "when_flushed",
    )

    def __init__(self, server: Server, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.closed = False
        self.when_flushed: Callable[[], None] | None = None
        self._came: list[bytes] = []
        self._size = 0
        self._need = 1
        self._busy = False
        self._done = False
        self._serving = False
        self._unsent = b""
        server.loop.watch(sock, READ, self.ready)

    def ready(self, events: int) -> None:
        """Read and write what can be."""
        if events & WRITE:
            self._flush()
        if events & READ and not self.closed:
            try:
                data = self.sock.recv(PIECE)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self.close()
                return
            self._came.append(data)
            self._size += len(data)
            if self._busy:
                if self._size > MOST_AHEAD:
                    self.close()
            elif self._size >= self._need:
                self._serve()

    def send(self, data: bytes, *, done: bool = True) -> None:
        """Send a part of an answer, which ends with it if it is ``done``."""
        if self._unsent:
            self._unsent += data
        else:
            try:
                sent = self.sock.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.close()
                return
            if sent < len(data):
                self._unsent = data[sent:]
                self.server.loop.change(self.sock, READ | WRITE, self.ready)
        self._busy = True
        self._done = done
        if done and not self._unsent:
            self._next()

    @property
    def blocked(self) -> bool:
        """Whether the client has yet to read what was sent; ``when_flushed`` is called once it has."""
        return bool(self._unsent)

    def now(self) -> float:
        """Return the time on the loop's clock."""
        return self.server.loop.clock()

    def hold(self) -> None:
        """Let later requests wait: this one is answered later, or never."""
        self._busy = True

    def later(self, when: float, call: Callable[[], None]) -> None:
        """Call something at a time, unless the client has left by then."""
        self.server.loop.at(when, partial(self._if_open, call))

    def close(self) -> None:
        """End the connection, whatever is under way."""
        if not self.closed:
            self.closed = True
            self.server.loop.forget(self.sock)
            self.sock.close()
            self.server.connections.discard(self)

    def _if_open(self, call: Callable[[], None]) -> None:
        if not self.closed:
            call()

    def _flush(self) -> None:
        try:
            sent = self.sock.send(self._unsent)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self.server.loop.change(self.sock, READ, self.ready)
            if self._done:
                self._next()
            elif self.when_flushed is not None:
                call, self.when_flushed = self.when_flushed, None
                call()

    def _next(self) -> None:
        """Turn to the next request."""
        self._busy = False
        if self._came and not self._serving:
            self._serve()

    def _serve(self) -> None:
        """Answer the requests that are there, until one has to wait."""
        self._serving = True
        data = self._came[0] if len(self._came) == 1 else b"".join(self._came)
        self._came.clear()
        self._size = 0
        at = 0
        while at < len(data) and not self._busy and not self.closed:
            end = data.find(_END, at)
            if end < 0:
                self._need = len(data) - at + 1
                if self._need > MOST_HEAD:
                    self._refuse("the head is too long")
                break
            head = self._head(data[at:end])
            if head is None:
                break
            end += 4 + head.length
            if end > len(data):
                self._need = end - at
                break
            self.server.answer(self, head, data[end - head.length : end])
            at = end
            self._need = 1
        if at < len(data) and not self.closed:
            self._came.insert(0, data[at:] if at else data)
            self._size += len(data) - at
        self._serving = False

    def _head(self, data: bytes) -> Head | None:
        """Return what a head says, or None where it was refused."""
        heads = self.server.heads
        head = heads.get(data)
        if head is None:
            try:
                head = read_head(data)
            except BadHead as error:
                self._refuse(str(error))
                return None
            if head.length > MOST_BODY:
                self._refuse(f"the body is too long, limit {MOST_BODY} bytes")
                return None
            if len(heads) >= MOST_HEADS:
                heads.clear()
            heads[data] = head
        return head

    def _refuse(self, message: str) -> None:
        told = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}
        self.send(answers.plain(400, json(told), b"connection: close\r\n"))
        self.close()

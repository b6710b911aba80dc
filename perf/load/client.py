"""One connection of the load: a request at a time, its answer checked."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from ..loop import READ, WRITE
from .reader import Reader
from .shots import Shot

if TYPE_CHECKING:
    from .engine import Engine

CONNECT = "connect"
PIECE = 256 * 1024


class Client:
    """Sends requests over one connection, which it opens when there is something to send.

    Attributes:
        shot: What is under way, or None.
        intended: When it was meant to be sent.
        sent_at: When it was sent.
    """

    __slots__ = (
        "_connected",
        "_engine",
        "_fresh",
        "_reader",
        "_sock",
        "_unsent",
        "_writes",
        "intended",
        "sent_at",
        "shot",
    )

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sock: socket.socket | None = None
        self._connected = False
        self._fresh = True
        self._unsent = b""
        self._writes = False
        self._reader = Reader(False)
        self.shot: Shot | None = None
        self.intended = 0.0
        self.sent_at = 0.0

    def send(self, shot: Shot, intended: float, now: float) -> None:
        """Send a request."""
        self.shot, self.intended, self.sent_at = shot, intended, now
        self._reader = Reader(shot.stream)
        self._unsent = self._engine.target.encode(shot)
        if self._sock is None:
            self._connect()
        else:
            self._fresh = False
            self._write()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._sock is not None:
            self._engine.loop.forget(self._sock)
            self._sock.close()
            self._sock = None
            self._connected = False

    def _connect(self) -> None:
        engine = self._engine
        self._fresh = True
        try:
            sock = socket.socket(engine.target.family, socket.SOCK_STREAM)
        except OSError:  # no descriptor is left
            pass
        else:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if sock.connect_ex(engine.target.address) in (0, errno.EINPROGRESS):
                self._sock = sock
                self._writes = True
                engine.loop.watch(sock, READ | WRITE, self.ready)
                return
            sock.close()
        # Not at once: whoever is told of it sends the next request, which may fail just so.
        engine.loop.at(engine.loop.clock(), lambda: engine.finished(self, CONNECT, None))

    def ready(self, events: int) -> None:
        """Read and write what can be."""
        if events & WRITE and self._unsent:
            self._write()
        if events & READ and self._sock is not None:
            self._read(self._sock)

    def _write(self) -> None:
        assert self._sock is not None
        try:
            sent = self._sock.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._ended()
            return
        self._connected = True
        self._unsent = self._unsent[sent:]
        if self._writes != bool(self._unsent):
            self._writes = not self._writes
            self._engine.loop.change(self._sock, READ | WRITE if self._writes else READ, self.ready)

    def _read(self, sock: socket.socket) -> None:
        try:
            data = sock.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._ended()
        elif self.shot is None:
            self.close()
        elif self._reader.feed(data, self._engine.loop.clock()):
            self._done()

    def _ended(self) -> None:
        """The connection is over. One that was idle may have been closed just before a request came: try once more."""
        connected, fresh = self._connected, self._fresh
        self.close()
        if self.shot is None:
            return
        if not fresh and self._reader.untouched:
            self._engine.measurement.reconnects += 1
            self._unsent = self._engine.target.encode(self.shot)
            self._connect()
            return
        self._reader.end()
        self._done(None if connected else CONNECT)

    def _done(self, error: str | None = None) -> None:
        reader = self._reader
        if not reader.keep or self._unsent:
            self.close()
        self._engine.finished(self, error or reader.error, reader.events)

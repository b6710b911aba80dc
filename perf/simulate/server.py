"""The simulated upstream: which request gets which answer, and when."""

from __future__ import annotations

import socket
from functools import partial
from random import Random

import msgspec

from ..loop import READ, Loop
from . import answers
from .asked import Asked, Head, decode
from .behaviour import Behaviour, Fate
from .connection import Connection
from .playing import Playing

CHAT, COMPLETION, EMBEDDING = "/v1/chat/completions", "/v1/completions", "/v1/embeddings"
HEALTH = "/health"
ACCEPTED_AT_ONCE = 64
NO_DESCRIPTORS = 0.1
"""Seconds to wait with accepting where the process has no descriptor left."""


class Server:
    """Serves the simulated upstream on a listening socket.

    Args:
        loop: What calls it.
        listener: Non-blocking.
        behaviour: How requests are answered.
        seed: What is drawn from.
    """

    def __init__(self, loop: Loop, listener: socket.socket, behaviour: Behaviour, seed: int = 0) -> None:
        self.loop = loop
        self.behaviour = behaviour
        self.connections: set[Connection] = set()
        self.heads: dict[bytes, Head] = {}
        self._listener = listener
        self._random = Random(seed)
        self._fixed = behaviour.fixed()
        self._limited = answers.rate_limited(behaviour.retry_after)
        loop.watch(listener, READ, self._accept)

    def answer(self, connection: Connection, head: Head, body: bytes) -> None:
        """Answer a request, now or later."""
        if head.path not in (CHAT, COMPLETION, EMBEDDING):
            connection.send(self._listed(head))
            return
        try:
            asked = decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            connection.send(answers.error(b"400 Bad Request", str(error), "invalid_request_error"))
            return
        drawn = self._fixed or self.behaviour.draw(self._random)
        if drawn.fate is Fate.ANSWER and not drawn.first and not drawn.pause:
            connection.send(_whole(head.path, asked, drawn.tokens))
            return
        connection.hold()
        begins = self.loop.clock() + drawn.first
        if drawn.fate is Fate.ERROR or drawn.fate is Fate.LIMIT:
            failed = self._limited if drawn.fate is Fate.LIMIT else _FAILED
            connection.later(begins, partial(connection.send, failed))
        elif asked.stream and head.path != EMBEDDING:
            parts = answers.stream(head.path == CHAT, asked.model, drawn.tokens if asked.usage_in_stream else None)
            playing = Playing(connection, parts, drawn, begins)
            connection.later(begins, playing.go_on)
        elif drawn.fate is not Fate.STALL:
            if head.path != EMBEDDING:
                begins += drawn.pause * (drawn.tokens - 1)
            data = _whole(head.path, asked, drawn.tokens)
            send = partial(_cut, connection) if drawn.fate is Fate.CUT else connection.send
            connection.later(begins, partial(send, data))

    def close(self) -> None:
        """Close all connections and the listener."""
        for connection in list(self.connections):
            connection.close()
        self.loop.forget(self._listener)
        self._listener.close()

    def _accept(self, events: int) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                sock, _ = self._listener.accept()
            except BlockingIOError:
                return
            except ConnectionError:
                continue
            except OSError:
                self.loop.forget(self._listener)
                again = partial(self.loop.watch, self._listener, READ, self._accept)
                self.loop.at(self.loop.clock() + NO_DESCRIPTORS, again)
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.add(Connection(self, sock))

    def _listed(self, head: Head) -> bytes:
        if head.path == "/v1/models":
            return answers.models()
        if head.path == HEALTH:
            return answers.plain(b"200 OK", b'{"status":"ok"}')
        return answers.error(b"404 Not Found", f"there is nothing at {head.path}", "invalid_request_error")


_FAILED = answers.error(b"500 Internal Server Error", "The simulator fails, as it was told to.", "server_error")


def _whole(path: str, asked: Asked, tokens: int) -> bytes:
    """Return all bytes of a good answer."""
    if path == EMBEDDING:
        return answers.embeddings(asked)
    if asked.stream:
        return answers.stream_whole(path == CHAT, asked.model, tokens, asked.usage_in_stream)
    return answers.whole(path == CHAT, asked.model, tokens)


def _cut(connection: Connection, data: bytes) -> None:
    """Send half of an answer, and end the connection."""
    connection.send(data[: len(data) // 2], done=False)
    connection.close()

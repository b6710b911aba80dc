"""The simulated upstream: which request gets which answer, and when."""

from __future__ import annotations

import socket
from functools import partial
from random import Random

import msgspec

from ..loop import READ, Loop
from . import answers
from .asked import MOST_DIMENSIONS, Asked, Head, decode
from .behaviour import Behaviour, Fate
from .connection import Connection
from .places import Place, as_asked
from .playing import Playing

CHAT = "/v1/chat/completions"
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
        loop.watch(listener, READ, self._accept)

    def answer(self, connection: Connection, head: Head, body: bytes) -> None:
        """Answer a request, now or later."""
        place = head.place
        if place is None:
            connection.send(self._listed(head))
            return
        try:
            asked = decode(body) if not place.form else Asked()
            place = as_asked(place, asked)
        except (msgspec.DecodeError, RecursionError) as error:
            connection.send(answers.error(place.voice, 400, str(error), "invalid_request_error"))
            return
        drawn = self._fixed or self.behaviour.draw(self._random)
        if drawn.fate is Fate.ANSWER and not drawn.first and not drawn.pause:
            connection.send(_whole(place, asked, drawn.tokens))
            return
        connection.hold()
        begins = self.loop.clock() + drawn.first
        if drawn.fate is Fate.ERROR or drawn.fate is Fate.LIMIT:
            limited = answers.rate_limited(place.voice, self.behaviour.retry_after)
            failed = limited if drawn.fate is Fate.LIMIT else answers.failed(place.voice)
            connection.later(begins, partial(connection.send, failed))
        elif _streams(place, asked):
            model = place.model or asked.model
            parts = answers.stream(place.voice, model, drawn.tokens, asked.usage_in_stream)
            playing = Playing(connection, parts, drawn, begins)
            connection.later(begins, playing.go_on)
        elif drawn.fate is not Fate.STALL:
            if place.vectors is None and place.media is None:
                begins += drawn.pause * (drawn.tokens - 1)
            data = _whole(place, asked, drawn.tokens)
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
        models = answers.models(head.path)
        if models is not None:
            return models
        if head.path == HEALTH:
            return answers.plain(200, b'{"status":"ok"}')
        told = {"message": f"there is nothing at {head.path}", "type": "invalid_request_error"}
        return answers.plain(404, msgspec.json.encode({"error": {**told, "param": None, "code": None}}))


def _streams(place: Place, asked: Asked) -> bool:
    """Say whether a stream is asked for: by the path, or by the body."""
    stream = place.stream if asked.stream is None else asked.stream
    return place.vectors is None and place.media is None and bool(stream)


def _whole(place: Place, asked: Asked, tokens: int) -> bytes:
    """Return all bytes of a good answer."""
    model = place.model or asked.model
    if place.vectors is not None:
        dimensions = min(max(1, asked.numbers or answers.DIMENSIONS), MOST_DIMENSIONS)
        base64 = asked.encoding_format == "base64"
        return answers.embeddings(place.vectors, model, asked.vectors, dimensions, base64)
    if place.media is not None:
        media_type, made = place.media(asked, model, tokens)
        return answers.plain(200, made, media_type=media_type)
    if _streams(place, asked):
        return answers.stream_whole(place.voice, model, tokens, asked.usage_in_stream)
    return answers.whole(place.voice, model, tokens)


def _cut(connection: Connection, data: bytes) -> None:
    """Send half of an answer, and end the connection."""
    connection.send(data[: len(data) // 2], done=False)
    connection.close()

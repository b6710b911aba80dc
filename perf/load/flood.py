"""Asks as fast as it is answered, and measures nothing but the rate: for servers that share their cores with the load.

The engine keeps each request's times, follows streams and opens connections anew, for some 40 us a request. That is a
fifth of what a cache hit costs, and would count against the server here. This takes little over half of it, since it
looks at less, but not at fewer answers: each must have status 200, all of its body and no more, and a header that says
that the server did what is measured. The first that has not ends the run.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from .target import Target
from .traffic import Failed

PIECE = 64 * 1024
PATIENCE = 5.0
"""Seconds without any answer after which there will be none."""
_STATUS = b"HTTP/1.1 200 "
_LENGTH = b"\r\ncontent-length: "
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Flooded:
    """What was answered, in how many seconds."""

    answers: int
    duration: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.duration


def flood(target: Target, requests: Iterator[bytes], connections: int, seconds: float, header: bytes) -> Flooded:
    """Send on each connection as soon as it has its answer.

    Args:
        requests: Never ends. Each is small enough for a socket to take it at once.
        header: A line that each answer's head must have, without its line end.

    Raises:
        Failed: An answer is not as it must be, or did not come.
    """
    with ExitStack() as held, selectors.DefaultSelector() as ready:
        try:
            for _ in range(connections):
                sock = held.enter_context(socket.create_connection(_address(target), PATIENCE))
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.setblocking(False)
                ready.register(sock, selectors.EVENT_READ)
                _send(target, sock, next(requests))
            return _ask(target, ready, requests, seconds, b"\r\n" + header)
        except OSError as error:
            raise Failed(f"{target.url}: a connection broke: {error}") from error


def _address(target: Target) -> tuple[str, int]:
    host, port = target.address[:2]
    return str(host), int(port)


def _ask(
    target: Target, ready: selectors.BaseSelector, requests: Iterator[bytes], seconds: float, line: bytes
) -> Flooded:
    begun: dict[socket.socket, bytes] = {}
    answers = 0
    started = time.perf_counter()
    while (now := time.perf_counter()) < started + seconds:
        if not (found := ready.select(PATIENCE)):
            raise Failed(f"{target.url}: no answer came within {PATIENCE:g} s")
        for key, _ in found:
            sock: socket.socket = key.fileobj  # type: ignore[assignment]  # what was registered
            part = sock.recv(PIECE)
            if not part:
                raise Failed(f"{target.url}: a connection was closed")
            data = begun.pop(sock) + part if sock in begun else part
            missing = lacks(data, line)
            if missing > 0:
                begun[sock] = data
            elif missing == 0:
                answers += 1
                _send(target, sock, next(requests))
            else:
                raise Failed(f"{target.url}: an answer is not as it must be: {data[:2000]!r}")
    return Flooded(answers, now - started)


def _send(target: Target, sock: socket.socket, request: bytes) -> None:
    if sock.send(request) != len(request):
        raise Failed(f"{target.url}: a request of {len(request)} bytes was not taken at once")


def lacks(data: bytes, line: bytes) -> int:
    """Return how many bytes an answer lacks, at least; 0 if it is complete, and less if it is not as it must be.

    Args:
        line: What its head must have in it.
    """
    end = data.find(_END)
    if end < 0:
        return 1
    at = data.find(_LENGTH, 0, end)
    if at < 0 or not data.startswith(_STATUS) or data.find(line, 0, end) < 0:
        return -1
    at += len(_LENGTH)
    return end + len(_END) + int(data[at : data.find(b"\r\n", at)]) - len(data)

"""Answers as bytes: which framing an answer takes, and the bytes of each part (RFC 9112, section 6). No I/O in here."""

from __future__ import annotations

import time
from email.utils import formatdate
from enum import Enum
from http import HTTPStatus

from .head import Head, Headers

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LAST = b"0\r\n\r\n"
_OURS = frozenset({b"connection", b"content-length", b"date", b"keep-alive", b"transfer-encoding"})
"""Headers that are written here, or only looked at."""
_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus}


class _How(Enum):
    NONE = "no body"
    LENGTH = "a length"
    CHUNKS = "chunks"
    CLOSE = "the end of the connection"


class _Clock:
    """The ``Date`` line, written anew once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._line = b""

    def line(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._line = b"date: " + formatdate(second, usegmt=True).encode("ascii")
        return self._line


_clock = _Clock()


class Framing:
    """The way one answer is framed.

    Args:
        request: What it answers.
        keep_alive: Whether the connection may serve on.

    Attributes:
        keep_alive: Whether it may, after all that the answer's own head says.
    """

    __slots__ = ("_how", "_left", "_request", "keep_alive")

    def __init__(self, request: Head, *, keep_alive: bool) -> None:
        self._request = request
        self._how = _How.NONE
        self._left = 0
        self.keep_alive = keep_alive

    @property
    def ends_with_connection(self) -> bool:
        """Whether only the end of the connection tells the client where the answer ends."""
        return self._how is _How.CLOSE

    def begin(self, status: int, headers: Headers, body: bytes, *, more: bool) -> bytes:
        """Return the head and the first bytes of the body.

        Raises:
            ValueError: A header would break the head apart, or the body is not of the length that it says.
        """
        lines = [_LINES.get(status) or b"HTTP/1.1 %d Unknown" % status]
        length: int | None = None
        dated = False
        for name, value in headers:
            name = name.lower()
            if name not in _OURS:
                lines.append(name + b": " + value)
            elif name == b"content-length":
                length = int(value)
            elif name == b"connection":
                self.keep_alive = self.keep_alive and b"close" not in value.lower()
            elif name == b"date":
                dated = True
                lines.append(name + b": " + value)
        if not dated:
            lines.append(_clock.line())
        lines += self._choose(status, length, None if more else len(body))
        if not self.keep_alive:
            lines.append(b"connection: close")
        elif self._request.minor == 0:
            lines.append(b"connection: keep-alive")
        head = b"\r\n".join(lines)
        if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1 or b"\0" in head:
            raise ValueError("a header of the answer has a line break or NUL in it")
        return head + b"\r\n\r\n" + self.go_on(body, more=more)

    def _choose(self, status: int, length: int | None, known: int | None) -> list[bytes]:
        """Choose the framing and return its line."""
        if status in (204, 304) or self._request.method == "HEAD":
            told = length if length is not None else known
            return [] if status in (204, 304) or told is None else [b"content-length: %d" % told]
        if length is None:
            length = known
        if length is not None:
            self._how, self._left = _How.LENGTH, length
            return [b"content-length: %d" % length]
        if self._request.minor == 1:
            self._how = _How.CHUNKS
            return [b"transfer-encoding: chunked"]
        self._how = _How.CLOSE
        self.keep_alive = False
        return []

    def go_on(self, body: bytes, *, more: bool) -> bytes:
        """Return the next bytes of the body as they go out.

        Raises:
            ValueError: The body is not of the length that the head said.
        """
        if self._how is _How.CHUNKS:
            if not body:
                return b"" if more else _LAST
            return b"%x\r\n%b\r\n%b" % (len(body), body, b"" if more else _LAST)
        if self._how is _How.LENGTH:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise ValueError(f"the answer's body is {abs(self._left)} bytes off its content-length")
        return b"" if self._how is _How.NONE else body

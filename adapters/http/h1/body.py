"""Bodies as they come in: of a given length, or in chunks (RFC 9112, section 7.1). No I/O in here.

A decoder takes bytes and returns those of the body, and what lies behind its end.
"""

from __future__ import annotations

import re

from .errors import BadHttp
from .head import TOKEN
from .limits import Limits

_QUOTED = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})((?:[ \t]*;[ \t]*%s(?:[ \t]*=[ \t]*(?:%s|%s))?)*)" % (TOKEN, TOKEN, _QUOTED))
_TRAILER = re.compile(rb"%s:[\t -~\x80-\xff]*" % TOKEN)


class Fixed:
    """A body of ``length`` bytes."""

    __slots__ = ("_left", "done")

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the body's bytes in ``data``, and the bytes after its end."""
        left = self._left - len(data)
        if left > 0:
            self._left = left
            return data, b""
        self._left = 0
        self.done = True
        return (data, b"") if left == 0 else (data[:left], data[left:])


class Chunked:
    """A body in chunks. Extensions and trailers are checked and dropped."""

    __slots__ = ("_extensions", "_left", "_limits", "_line", "_step", "_trailers", "done")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._line = b""
        self._left = 0
        self._extensions = 0
        self._trailers = 0
        self._step = self._size
        self.done = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the body's bytes in ``data``, and the bytes after its end.

        Raises:
            BadHttp: The chunks are not as they must be, or over a limit.
        """
        parts: list[bytes] = []
        at = 0
        while at < len(data) and not self.done:
            if self._left:
                part = data[at : at + self._left]
                parts.append(part)
                at += len(part)
                self._left -= len(part)
                if not self._left:
                    self._step = self._after_data
                continue
            end = data.find(b"\n", at)
            if end < 0:
                self._line += data[at:]
                self._check_part()
                return b"".join(parts), b""
            line = self._line + data[at : end + 1]
            self._line = b""
            at = end + 1
            if line[-2:] != b"\r\n":
                raise BadHttp("the chunked body has a bare LF; lines end with CR LF")
            self._step(line[:-2])
        return b"".join(parts), data[at:] if self.done else b""

    def _check_part(self) -> None:
        most = self._limits.trailers if self._step == self._trailer else self._limits.chunk_line
        if len(self._line) > most:
            raise BadHttp(f"a line of the chunked body is over {most} bytes")
        if self._step == self._after_data and self._line != b"\r":
            raise BadHttp("a chunk is longer than its size says")

    def _size(self, line: bytes) -> None:
        match = _SIZE.fullmatch(line) if len(line) <= self._limits.chunk_line else None
        if match is None:
            raise BadHttp("a chunk's size is wrong: it takes 1 to 15 hexadecimal digits, and extensions in their form")
        self._extensions += len(match[2])
        if self._extensions > self._limits.chunk_extensions:
            raise BadHttp(f"the chunk extensions are over {self._limits.chunk_extensions} bytes")
        self._left = int(match[1], 16)
        if not self._left:
            self._step = self._trailer

    def _after_data(self, line: bytes) -> None:
        if line:
            raise BadHttp("a chunk is longer than its size says")
        self._step = self._size

    def _trailer(self, line: bytes) -> None:
        if not line:
            self.done = True
            return
        self._trailers += len(line) + 2
        if self._trailers > self._limits.trailers:
            raise BadHttp(f"the trailers are over {self._limits.trailers} bytes", status=431, code="head_too_large")
        if _TRAILER.fullmatch(line) is None:
            raise BadHttp("a trailer is wrong: it takes `name: value`")

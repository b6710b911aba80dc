"""Requests out of a connection's bytes, one after the other. No I/O in here."""

from __future__ import annotations

from .body import Chunked, Fixed
from .errors import BadHttp
from .head import END, Head, check_part, parse_head
from .limits import Limits

PREFACE = b"PRI * HTTP/2.0\r\n\r\n"
"""How a client begins that knows, without asking, that HTTP/2 is spoken (RFC 9113, section 3.4)."""
_HTTP2 = Head("PRI", b"*", 0, [], 0, False, False, b"h2")


class Parser:
    """Takes bytes, gives a head, then its body, then the next head.

    Attributes:
        ahead: Bytes of later requests.
        taken: The bytes of the last head if it asks for another protocol.
    """

    __slots__ = ("_body", "_limits", "_searched", "ahead", "taken")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._body: Fixed | Chunked | None = None
        self._searched = 0
        self.ahead = b""
        self.taken = b""

    @property
    def in_body(self) -> bool:
        """Whether a body has begun and not ended."""
        return self._body is not None

    def feed(self, data: bytes) -> None:
        """Add bytes from the connection."""
        self.ahead = self.ahead + data if self.ahead else data

    def drop(self) -> None:
        """Forget everything: no byte can be trusted, or none is wanted."""
        self.ahead = self.taken = b""
        self._body = None

    def head(self) -> Head | None:
        """Return the next head, or None as long as it is not complete.

        Raises:
            BadHttp: It never will be a good one.
        """
        data = self.ahead
        if data[:1] == b"\r":
            # Some clients send an empty line after a body (RFC 9112, section 2.2).
            while data.startswith(b"\r\n"):
                data = data[2:]
            self.ahead = data
            if data == b"\r":
                return None
        if not data:
            return None
        end = data.find(END, self._searched)
        if end < 0:
            self._searched = max(0, len(data) - 3)
            if not PREFACE.startswith(data):
                check_part(data, self._limits)
            return None
        self._searched = 0
        end += len(END)
        taken, self.ahead = data[:end], data[end:]
        head = _HTTP2 if taken == PREFACE else parse_head(taken, self._limits)
        # An idle connection must not keep all that it was asked with.
        self.taken = taken if head.upgrade and is_foreign(head) else b""
        if head.length is None:
            self._body = Chunked(self._limits)
        elif head.length:
            self._body = Fixed(head.length)
        return head

    def body(self) -> bytes:
        """Return what is there of the body and not yet given.

        Raises:
            BadHttp: It is wrongly framed.
        """
        if self._body is None or not self.ahead:
            return b""
        part, self.ahead = self._body.feed(self.ahead)
        if self._body.done:
            self._body = None
        return part


def is_foreign(head: Head) -> bool:
    """Say whether a request asks for a protocol that others speak here: HTTP/2 or WebSocket.

    One that asks for h2c with a body is answered in HTTP/1.1, as an upgrade may always be (RFC 9110, section 7.8).
    """
    if head.upgrade == b"websocket":
        return head.method == "GET"
    return head.upgrade == b"h2" or (head.upgrade == b"h2c" and head.length == 0)


def not_here() -> BadHttp:
    """Return the error for HTTP/2 in the middle of HTTP/1.1."""
    return BadHttp("HTTP/2 begins a connection, or not at all", status=505, code="http_version_not_supported")

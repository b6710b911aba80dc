"""One answer of HTTP/1.1, from bytes that come at any boundaries. No I/O.

llhttp does the grammar, and does it strictly: https://www.rfc-editor.org/rfc/rfc9112. What is decided here:

* Answers without a body (to HEAD and CONNECT, 204, 304), and bodies that only the end of the connection ends.
* A transfer coding other than exactly ``chunked`` is refused: nobody here would undo it.
* Interim answers (1xx) are passed over; 101 is refused, since no request asks for it.
* Whatever follows the end of the answer spoils the connection: nobody has asked for it.
* A fault behind good bytes waits until these have been taken, so that nothing that came is lost.
"""

from __future__ import annotations

import httpx
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

MAX_HEAD = 64 * 1024
"""Bytes that a head may have, or the trailers, or what stands between two pieces of a chunked body."""
MAX_HEADERS = 256
"""Header and trailer lines."""
MAX_INTERIM = 16
"""Interim answers before the one that counts."""
_TOO_LONG = f"over {MAX_HEAD} bytes of headers, trailers or chunk extensions"


class CutShort(httpx.RemoteProtocolError):
    """The connection was closed before the end of the message."""


class H1Reader:
    """Reads one answer.

    Args:
        method: The request's, since an answer to HEAD has no body whatever its head says.

    Attributes:
        status: The status, once `head_done`.
        headers: Names and values as they came, once `head_done`.
        started: Whether any byte has come.
        head_done: Whether the head is complete.
        complete: Whether the message is.
        keep: Whether the connection may carry another request, once `complete`.
        surplus: Whether bytes came behind the end of the message.
        fault: What is wrong with the answer, if anything is. No more will come of it.
    """

    def __init__(self, method: str) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.started = False
        self.head_done = False
        self.complete = False
        self.keep = False
        self.surplus = False
        self.fault: httpx.RemoteProtocolError | None = None
        self._method = method
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self._body: list[bytes] = []
        self._to_eof = False
        self._interim = 0
        self._lines = 0
        self._size = 0
        self._quiet = 0

    def feed(self, data: bytes) -> None:
        """Take bytes, at least one. What they bring shows in the attributes and in `take`."""
        self.started = True
        parser = self._parser
        if parser is None:
            self._spoil()
            return
        try:
            parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if self.complete:
                self._spoil()
            else:
                self._break(_reason(error), error)
            return
        if self.complete:
            return
        # The callbacks tell of lines that are complete. A line that never ends shows only here.
        self._quiet = 0 if self._body else self._quiet + len(data)
        if self._quiet > MAX_HEAD:
            self._break(_TOO_LONG)

    def end(self) -> None:
        """Say that the connection has ended."""
        if self._to_eof and self.fault is None:
            self.complete = True
        elif not self.complete:
            self.fault = self.fault or CutShort("the connection was closed before the end")

    def take(self) -> bytes:
        """Return the bytes of the body that have come since the last time; ``b""`` if there are none."""
        body = self._body
        if not body:
            return b""
        self._body = []
        return body[0] if len(body) == 1 else b"".join(body)

    def close(self) -> None:
        """Read no further; what has been read can still be taken.

        The parser and its reader know each other. Unless they are parted they stay, with all that came, until Python
        looks for such circles.
        """
        self._parser = None

    # What llhttp calls. An exception raised here would come out of it in disguise, so none is.

    def on_message_begin(self) -> None:
        """Note an answer behind the end of the one that was asked for."""
        if self.complete:
            self._spoil()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a line of the head; count one of the trailers."""
        self._lines += 1
        self._size += len(name) + len(value) + 4
        if self.complete or self.fault is not None:
            return
        if self._size > MAX_HEAD:
            self._break(_TOO_LONG)
        elif self._lines > MAX_HEADERS:
            self._break(f"over {MAX_HEADERS} headers")
        elif not self.head_done:
            self.headers.append((name, value.rstrip()))

    def on_headers_complete(self) -> None:
        """Decide what kind of body there is."""
        parser = self._parser
        if self.complete or self.fault is not None or parser is None:
            return
        status = self.status = parser.get_status_code()
        if status < 200:
            self._pass_over(status)
            return
        version = parser.get_http_version()
        framed, codings = self._framing()
        if version not in ("1.1", "1.0"):
            self._break(f"HTTP {version}")
            return
        if codings and codings != [b"chunked"]:
            self._break("a transfer coding other than chunked")
            return
        self.head_done = True
        self._lines = self._size = 0
        if self._method == "HEAD" or (self._method == "CONNECT" and status < 300):
            # llhttp goes on to look for a body, and finds none: this reader ends here.
            self.complete = True
            self.keep = version == "1.1" and not self._says_close()
        else:
            self._to_eof = not framed and status not in (204, 304)

    def on_body(self, data: bytes) -> None:
        """Keep a piece of the body."""
        if self.complete:
            self._spoil()
        elif self.fault is None:
            self._body.append(data)

    def on_message_complete(self) -> None:
        """Note the end, unless it is that of an interim answer."""
        parser = self._parser
        if self.head_done and not self.complete and self.fault is None and parser is not None:
            self.complete = True
            self.keep = parser.should_keep_alive()

    def _pass_over(self, status: int) -> None:
        self._interim += 1
        if status < 100 or status == 101:
            self._break(f"status {status}, which was not asked for")
        elif self._interim > MAX_INTERIM:
            self._break(f"over {MAX_INTERIM} interim answers")
        self.headers.clear()
        self._lines = self._size = 0

    def _framing(self) -> tuple[bool, list[bytes]]:
        """Return whether the head says where the body ends, and the transfer codings."""
        framed = False
        codings: list[bytes] = []
        for name, value in self.headers:
            if len(name) == 14 and name.lower() == b"content-length":
                framed = True
            elif len(name) == 17 and name.lower() == b"transfer-encoding":
                framed = True
                codings += [coding.strip().lower() for coding in value.split(b",")]
        return framed, codings

    def _says_close(self) -> bool:
        return any(name.lower() == b"connection" and b"close" in value.lower() for name, value in self.headers)

    def _spoil(self) -> None:
        self.surplus = True
        self.keep = False

    def _break(self, reason: str, cause: BaseException | None = None) -> None:
        if self.fault is None:
            self.fault = httpx.RemoteProtocolError(reason)
            self.fault.__cause__ = cause


def _reason(error: BaseException) -> str:
    """Return llhttp's reason, which quotes nothing of the answer."""
    return "an upgrade that was not asked for" if isinstance(error, HttpParserUpgrade) else str(error)

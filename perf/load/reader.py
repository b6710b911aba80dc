"""Reads the answer to one request: sans I/O, checked for completeness.

It knows what an HTTP/1.1 server may send to a client that asks for nothing special: a length, chunks, or all until the
end of the connection (RFC 9112, section 6.3). It is made to be cheap, and trusts the server more than a gateway may.
"""

from __future__ import annotations

from collections.abc import Callable

from .events import Events

CLOSED = "closed"
CUT = "cut"
MALFORMED = "malformed"
SURPLUS = "surplus"
NO_STREAM = "no_stream"
MOST_HEAD = 256 * 1024
_END = b"\r\n\r\n"
_UNTIL_CLOSED = -1


class Reader:
    """Takes the bytes of one answer.

    Args:
        stream: Whether it must be a stream.
        watch: Makes what looks at a stream's events.

    Attributes:
        done: Whether it has ended, well or not.
        error: What is wrong with it, or None.
        status: Of the answer; 0 before its head.
        keep: Whether the connection can be used again.
        events: What was seen of a stream, if this is one.
    """

    __slots__ = (
        "_chunk",
        "_chunked",
        "_held",
        "_left",
        "_stream",
        "_watch",
        "done",
        "error",
        "events",
        "keep",
        "status",
    )

    def __init__(self, stream: bool, watch: Callable[[], Events] = Events) -> None:
        self._stream = stream
        self._watch = watch
        self._held = b""
        self._left = 0
        self._chunked = False
        self._chunk = 0
        self.done = False
        self.error: str | None = None
        self.events: Events | None = None
        self.keep = True
        self.status = 0

    @property
    def untouched(self) -> bool:
        """Whether no byte has come yet."""
        return not self.status and not self._held

    def feed(self, data: bytes, now: float) -> bool:
        """Take bytes that came at a time; return whether the answer has ended."""
        if not self.status:
            data = self._held + data if self._held else data
            self._held = b""
            body = self._head(data)
            if body is None:
                return self.done
            data = body
        if self._chunked:
            self._chunks(data, now)
        else:
            self._plain(data, now)
        return self.done

    def end(self) -> None:
        """Take the end of the connection."""
        self.keep = False
        if not self.status:
            self._finish(CLOSED if self.untouched else CUT)
        else:
            self._finish(None if self._left == _UNTIL_CLOSED and not self._chunked else CUT)

    def _head(self, data: bytes) -> bytes | None:
        """Return what follows the head, or None where it is not complete."""
        end = data.find(_END)
        if end < 0:
            self._held = data
            if len(data) > MOST_HEAD or not b"HTTP/1.1 ".startswith(data[:9]):
                self._finish(MALFORMED)
            return None
        head = data[:end].lower()
        code = head[9:12]
        if not head.startswith(b"http/1.") or not code.isdigit():
            self._finish(MALFORMED)
            return None
        if code[:1] == b"1":
            return self._head(data[end + 4 :]) if len(data) > end + 4 else None
        self.status = int(code)
        if b"\r\nconnection: close" in head or head.startswith(b"http/1.0"):
            self.keep = False
        if self._stream and b"\r\ncontent-type: text/event-stream" in head:
            self.events = self._watch()
        return data[end + 4 :] if self._length(head) else None

    def _length(self, head: bytes) -> bool:
        """Find out how the body ends; return False where that cannot be told."""
        if b"\r\ntransfer-encoding:" in head:
            self._chunked = True
        elif (at := head.find(b"\r\ncontent-length:")) >= 0:
            value = head[at + 17 :].partition(b"\r\n")[0].strip()
            if not value.isdigit():
                self._finish(MALFORMED)
                return False
            self._left = int(value)
        elif self.status not in (204, 304):
            self._left = _UNTIL_CLOSED
        return True

    def _plain(self, data: bytes, now: float) -> None:
        if self.events is not None and data:
            self.events.feed(data if self._left < 0 else data[: self._left], now)
        if self._left >= 0:
            self._left -= len(data)
            if self._left <= 0:
                self._finish(SURPLUS if self._left else None)

    def _chunks(self, data: bytes, now: float) -> None:
        """Take chunks apart. ``_chunk`` is what is left of the present one, its line end included."""
        data = self._held + data if self._held else data
        self._held = b""
        parts, at, ended = [], 0, False
        while at < len(data) and not self.done:
            if self._chunk:
                part = data[at : at + self._chunk]
                parts.append(part[: max(0, self._chunk - 2)])
                self._chunk -= len(part)
                at += len(part)
                continue
            end = data.find(b"\r\n", at)
            size = _size(data[at:end]) if end >= 0 else 0
            if size is None:
                self._finish(MALFORMED)
            elif size:
                self._chunk = size + 2
                at = end + 2
            else:
                # An empty chunk, and then perhaps trailers, end with an empty line.
                last = data.find(_END, at) if end >= 0 else -1
                ended = last >= 0
                self._held = b"" if ended else data[at:]
                at = last + 4 if ended else len(data)
                break
        if self.events is not None and parts:
            self.events.feed(b"".join(parts), now)
        if ended:
            self._finish(SURPLUS if at < len(data) else None)
        elif len(self._held) > MOST_HEAD:
            self._finish(MALFORMED)

    def _finish(self, error: str | None) -> None:
        """End, with what is wrong if anything is: the status says more than the body's end."""
        self.done = True
        if error is not None:
            self.keep = False
        if self.status >= 400:
            error = f"http_{self.status}"
        elif error is None and self.events is not None:
            error = self.events.finish()
        elif error is None and self._stream:
            error = NO_STREAM
        self.error = error


def _size(line: bytes) -> int | None:
    """Return the size that a chunk's first line says, or None."""
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError:
        return None

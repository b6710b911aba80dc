"""Server-sent events, from bytes that come at any boundaries. No I/O.

The rules are those of https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream, with two
allowances for servers that are not so strict: an event at the end of the stream counts without its blank line, and
a line ``error: {...}``, which older llama.cpp servers send, is an event named ``error``.
"""

from __future__ import annotations

from .decoder import ItemDecoder

Event = tuple[str, bytes]
"""An event's name, empty where it has none, and its data."""

MAX_LINE = 8 * 1024 * 1024
MAX_EVENT = 16 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


class SseDecoder(ItemDecoder[Event]):
    """Turns the bytes of one stream into events.

    Args:
        source: Who sends the stream, for messages.
        max_line: Bytes that one line may have.
        max_event: Bytes that the data of one event may have.
    """

    def __init__(self, source: str = "the upstream", *, max_line: int = MAX_LINE, max_event: int = MAX_EVENT) -> None:
        super().__init__(source)
        self._max_line = max_line
        self._max_event = max_event
        self._trusted = min(max_line, max_event)
        self._at_start = True
        self._after_cr = False
        # The beginning of a line whose end has not come. In pieces: a long line in small reads stays linear.
        self._pieces: list[bytes] = []
        self._pieces_size = 0
        # The fields of an event whose blank line has not come.
        self._name = ""
        self._data: list[bytes] = []
        self._data_size = 0

    def _take(self, data: bytes, items: list[Event]) -> None:
        if self._at_start:
            data = self._without_bom(data)
        elif self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if b"\n" not in data and b"\r" not in data:
            self._keep(data)
            return
        if self._pieces:
            data = b"".join((*self._pieces, data))
            self._pieces.clear()
            self._pieces_size = 0
        # Bytes that are fewer than every limit cannot break one, so the frames in them need no counting.
        if not self._data and not self._name and len(data) <= self._trusted and b"\r" not in data:
            data = self._whole_frames(data, items)
        if data:
            self._lines(data, items)

    def _end(self, items: list[Event]) -> None:
        """Take an event that lacks its blank line."""
        if self._pieces:
            self._line(b"".join(self._pieces), items)
            self._pieces.clear()
            self._pieces_size = 0
        self._dispatch(items)

    def _without_bom(self, data: bytes) -> bytes:
        data = b"".join((*self._pieces, data))
        self._pieces.clear()
        self._pieces_size = 0
        if len(data) >= len(_BOM) or not _BOM.startswith(data):
            self._at_start = False
            data = data.removeprefix(_BOM)
        return data

    def _keep(self, data: bytes) -> None:
        if not data:
            return
        self._pieces.append(data)
        self._pieces_size += len(data)
        if self._pieces_size > self._max_line:
            raise self._over("a line", self._max_line)

    def _whole_frames(self, data: bytes, events: list[Event]) -> bytes:
        """Take the frames that are complete in ``data``; return what follows them."""
        frames = data.split(b"\n\n")
        rest = frames.pop()
        for frame in frames:
            if frame.startswith(b"data: ") and b"\n" not in frame:
                events.append(("", frame[6:]))
            else:
                for line in frame.split(b"\n"):
                    self._line(line, events)
                self._dispatch(events)
        return rest

    def _lines(self, data: bytes, events: list[Event]) -> None:
        """Take the lines that are complete in ``data``, and keep what follows them."""
        lines = data.splitlines(keepends=True)
        rest = b"" if lines[-1].endswith((b"\n", b"\r")) else lines.pop()
        self._after_cr = data.endswith(b"\r")
        for ended in lines:
            line = ended.rstrip(b"\r\n")
            if len(line) > self._max_line:
                raise self._over("a line", self._max_line)
            if line:
                self._line(line, events)
            else:
                self._dispatch(events)
        self._keep(rest)

    def _line(self, line: bytes, events: list[Event]) -> None:
        """Take one line without its end."""
        if not line:
            self._dispatch(events)
            return
        field, colon, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            self._name = value.decode("utf-8", "replace")
            return
        if field == b"error" and colon:
            self._name = "error"
        elif field != b"data":
            return
        self._data.append(value)
        self._data_size += len(value) + 1
        if self._data_size > self._max_event + 1:
            raise self._over("an event", self._max_event)

    def _dispatch(self, events: list[Event]) -> None:
        if self._data:
            events.append((self._name, b"\n".join(self._data)))
            self._data.clear()
            self._data_size = 0
        self._name = ""

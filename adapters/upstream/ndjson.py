"""JSON values, one a line, from bytes that come at any boundaries. No I/O. https://github.com/ndjson/ndjson-spec

Lines end with LF or CR LF. Blank ones are passed over, and the last one counts without its end. What stands in a line
is for its reader to parse: half a line at the end of a stream that was cut is no JSON, and shows there.
"""

from __future__ import annotations

from .decoder import ItemDecoder

MAX_LINE = 8 * 1024 * 1024
_BLANKS = b" \t\r"


class NdjsonDecoder(ItemDecoder[bytes]):
    """Turns the bytes of one stream into lines.

    Args:
        source: Who sends the stream, for messages.
        max_line: Bytes that one line may have, its LF not counted.
    """

    def __init__(self, source: str = "the upstream", *, max_line: int = MAX_LINE) -> None:
        super().__init__(source)
        self._max_line = max_line
        # The beginning of a line whose end has not come. In pieces: a long line in small reads stays linear.
        self._pieces: list[bytes] = []
        self._size = 0

    def _take(self, data: bytes, items: list[bytes]) -> None:
        head, ended, rest = data.partition(b"\n")
        self._keep(head)
        if not ended:
            return
        self._line(items)
        lines = rest.split(b"\n")
        last = lines.pop()
        for line in lines:
            self._keep(line)
            self._line(items)
        self._keep(last)

    def _end(self, items: list[bytes]) -> None:
        self._line(items)

    def _keep(self, data: bytes) -> None:
        if data:
            self._pieces.append(data)
            self._size += len(data)
            if self._size > self._max_line:
                raise self._over("a line", self._max_line)

    def _line(self, items: list[bytes]) -> None:
        """Take what has been kept as one line."""
        line = b"".join(self._pieces).strip(_BLANKS)
        self._pieces.clear()
        self._size = 0
        if line:
            items.append(line)

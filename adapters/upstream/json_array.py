"""The elements of one JSON array that is sent bit by bit, from bytes that come at any boundaries. No I/O.

Google's APIs stream so where no ``alt=sse`` is asked for. An element is given as soon as its own last byte is there,
without a wait for the comma. Only brackets, strings and commas are looked at: what stands in an element is for its
reader to parse. A stream that ends before the array does was cut.
"""

from __future__ import annotations

import re
from enum import Enum

from sluicegate.pipeline.errors import StreamInterrupted, UpstreamError

from .decoder import ItemDecoder

MAX_ELEMENT = 16 * 1024 * 1024
_BLANKS = b" \t\r\n"
_GLYPH = re.compile(rb"[^ \t\r\n]")
# A string that is there as a whole is passed over in one step; a quotation mark by itself begins one that is not.
_MARK = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["{}\[\]]', re.DOTALL)
_IN_STRING = re.compile(rb'["\\]')
_AFTER_SCALAR = re.compile(rb"[,\]]")


class _At(Enum):
    """Where in the array the next byte stands."""

    START = "before its ["
    FIRST = "before the first element or the ]"
    ELEMENT = "before an element"
    NESTED = "in an object, an array or a string"
    SCALAR = "in a number, true, false or null"
    BEHIND = "before a comma or the ]"
    END = "behind its ]"


class JsonArrayDecoder(ItemDecoder[bytes]):
    """Turns the bytes of one array into its elements.

    Args:
        source: Who sends the stream, for messages.
        max_element: Bytes that one element may have.
    """

    def __init__(self, source: str = "the upstream", *, max_element: int = MAX_ELEMENT) -> None:
        super().__init__(source)
        self._max_element = max_element
        self._at = _At.START
        self._depth = 0
        self._in_string = False
        self._escaped = False
        # The beginning of an element whose end has not come.
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def done(self) -> bool:
        """Whether the array is complete."""
        return self._at is _At.END

    def _take(self, data: bytes, items: list[bytes]) -> None:
        place = 0
        while place < len(data):
            if self._at is _At.NESTED or self._at is _At.SCALAR:
                place = self._inside(data, place, items)
            elif (glyph := _GLYPH.search(data, place)) is None:
                return
            else:
                place = self._between(glyph[0], glyph.start())

    def _end(self, items: list[bytes]) -> None:
        if not self.done:
            raise StreamInterrupted(f"the stream of {self._source} ended before its JSON array did")

    def _between(self, glyph: bytes, place: int) -> int:
        """Take a byte outside of elements; return the place to go on at."""
        at = self._at
        if at is _At.START and glyph == b"[":
            self._at = _At.FIRST
        elif at is _At.BEHIND and glyph == b",":
            self._at = _At.ELEMENT
        elif at in (_At.FIRST, _At.BEHIND) and glyph == b"]":
            self._at = _At.END
        elif at in (_At.FIRST, _At.ELEMENT) and glyph not in b",]}":
            self._at = _At.NESTED if glyph in b'{["' else _At.SCALAR
            return place
        else:
            shown = ascii(glyph.decode("latin-1"))
            raise UpstreamError(f"the stream of {self._source} is no JSON array: {shown} stands {at.value}")
        return place + 1

    def _inside(self, data: bytes, place: int, items: list[bytes]) -> int:
        """Take the bytes of one element; return the place to go on at."""
        end = self._scalar_end(data, place) if self._at is _At.SCALAR else self._nested_end(data, place)
        part = data[place:] if end is None else data[place:end]
        self._size += len(part)
        if self._size > self._max_element:
            raise self._over("an element", self._max_element)
        self._pieces.append(part)
        if end is None:
            return len(data)
        items.append(b"".join(self._pieces).rstrip(_BLANKS))
        self._pieces.clear()
        self._size = 0
        self._at = _At.BEHIND
        return end

    def _scalar_end(self, data: bytes, place: int) -> int | None:
        mark = _AFTER_SCALAR.search(data, place)
        return None if mark is None else mark.start()

    def _nested_end(self, data: bytes, place: int) -> int | None:
        """Return the place behind the element, or None if it goes on behind these bytes."""
        while True:
            if self._in_string:
                end = self._string_end(data, place)
                if end is None:
                    return None
                place = end
                self._in_string = False
            elif (mark := _MARK.search(data, place)) is None:
                return None
            else:
                place = mark.end()
                token = mark[0]
                if token == b'"':
                    self._in_string = True
                    continue
                if token in b"{[":
                    self._depth += 1
                elif token in b"}]":
                    self._depth -= 1
            if not self._depth:
                return place

    def _string_end(self, data: bytes, place: int) -> int | None:
        """Return the place behind the string's quotation mark, or None."""
        if self._escaped and place < len(data):
            self._escaped = False
            place += 1
        while (mark := _IN_STRING.search(data, place)) is not None:
            if mark[0] == b'"':
                return mark.end()
            place = mark.end() + 1
            if place > len(data):
                self._escaped = True
                return None
        return None

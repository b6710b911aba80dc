"""The answers that a stream is made of, from bytes that come at any boundaries."""

from __future__ import annotations

import re

from sluicegate.pipeline.errors import UpstreamError

from ...upstream.json_array import JsonArrayDecoder
from ...upstream.sse import SseDecoder

MAX_EVENT = 32 * 1024 * 1024
"""Bytes of one event: an image of the model's comes in one, in base64."""
TAIL = 8 * 1024
"""Bytes at the end of a stream in which an error without framing is looked for."""
_BARE_ERROR = re.compile(rb'\{\s*"error"\s*:')


class SseFrames:
    """The data of server-sent events. ``source`` is who sends them, for messages."""

    def __init__(self, source: str) -> None:
        self._sse = SseDecoder(source, max_line=MAX_EVENT, max_event=MAX_EVENT)
        self._tail = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the answers that these bytes complete. Raises UpstreamError for what is no such stream."""
        self._tail = (self._tail + data)[-TAIL:]
        return [event for _, event in self._sse.feed(data)]

    def finish(self) -> list[bytes]:
        """Return the answer that only the end completes. Raises UpstreamError where the end came too early."""
        return [event for _, event in self._sse.finish()]

    def bare_error(self) -> bytes:
        """Return an error that stands at the end without framing; empty where there is none."""
        match = _BARE_ERROR.search(self._tail)
        return self._tail[match.start() :].strip().removesuffix(b"]") if match else b""


class JsonFrames:
    """The elements of an array, or the one object that came in its place. ``source`` is who sends it, for messages."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._array: JsonArrayDecoder | None = None
        self._object: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Return the answers that these bytes complete. Raises UpstreamError for what is no such stream."""
        if self._array is None and not self._object:
            data = data.lstrip()
            if data[:1] != b"{":
                self._array = JsonArrayDecoder(self._source, max_element=MAX_EVENT) if data else None
        if self._array is not None:
            return [] if self._array.done else self._array.feed(data)
        if data:
            self._object.append(data)
            self._size += len(data)
            if self._size > MAX_EVENT:
                raise UpstreamError(f"the answer of {self._source} is over {MAX_EVENT} bytes, the limit")
        return []

    def finish(self) -> list[bytes]:
        """Return the answer that only the end completes. Raises UpstreamError where the end came too early."""
        if self._array is not None:
            return self._array.finish()
        return [b"".join(self._object)] if self._object else []

    def bare_error(self) -> bytes:
        """Return nothing: an error in an array is an element."""
        return b""

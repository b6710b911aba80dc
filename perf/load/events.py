"""Looks at the events of a stream as they pass: how many, when the first content came, whether it ended as it should.

Only the events up to the first content are decoded; later ones are counted, and the end is compared with the
terminator: OpenAI's ``data: [DONE]``, or Anthropic's event ``message_stop``.
"""

from __future__ import annotations

from typing import Any

import msgspec

UNTERMINATED = "unterminated"
IN_BAND = "stream_error"
_DONE = b"data: [DONE]"
_STOPPED = b'data: {"type":"message_stop"'
_ERRORS = (b'data: {"error"', b'data: {"type":"error"')
_TAIL = 4096
_MOST_OPENING = 1024 * 1024
"""Bytes before any content, after which none is looked for."""


class Events:
    """Watches one stream.

    Attributes:
        chunks: Events but for the terminator.
        first_content: When the first content came, or None.
    """

    __slots__ = ("_opening", "_tail", "chunks", "first_content")

    def __init__(self) -> None:
        self.chunks = 0
        self.first_content: float | None = None
        self._opening: bytes | None = b""
        self._tail = b""

    def feed(self, data: bytes, now: float) -> None:
        """Take bytes of the stream."""
        if self._tail[-1:] == b"\n" or self._tail[-1:] == b"\r":
            # An end of an event may be split between this and what came before.
            self.chunks += _ends(self._tail[-3:] + data[:3]) - _ends(self._tail[-3:]) - _ends(data[:3])
        self.chunks += _ends(data)
        self._tail = (self._tail + data)[-_TAIL:] if len(data) < _TAIL else data[-_TAIL:]
        if self._opening is not None:
            self._look(self._opening + data, now)

    def finish(self) -> str | None:
        """Return what is wrong with the end, or None."""
        end = self._tail.rstrip(b"\r\n")
        last = end[end.rfind(b"\n") + 1 :]
        if (last == _DONE or last.startswith(_STOPPED)) and len(end) < len(self._tail):
            self.chunks -= 1
            return None
        return IN_BAND if last.startswith(_ERRORS) else UNTERMINATED

    def _look(self, data: bytes, now: float) -> None:
        """Look for content in the lines that are complete."""
        *lines, rest = data.split(b"\n")
        self._opening = rest if len(rest) < _MOST_OPENING else None
        for line in lines:
            if line.startswith(b"data:") and has_content(line[5:].strip()):
                self.first_content = now
                self._opening = None
                return


def _ends(data: bytes) -> int:
    return data.count(b"\n\n") + data.count(b"\r\n\r\n")


def has_content(data: bytes) -> bool:
    """Say whether a chunk has text, reasoning or a call of a tool. What is no JSON has none."""
    try:
        chunk = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return False
    if not isinstance(chunk, dict):
        return False
    if chunk.get("type") in ("content_block_delta", "content_block_start"):
        return _block_has(chunk)
    choices = chunk.get("choices")
    return any(_choice_has(choice) for choice in choices or () if isinstance(choice, dict))


def _block_has(event: dict[str, Any]) -> bool:
    """Say whether an event of Anthropic's API adds something: a piece, or the beginning of a call."""
    block = event.get("content_block")
    return "delta" in event or (isinstance(block, dict) and block.get("type") == "tool_use")


def _choice_has(choice: dict[str, Any]) -> bool:
    if choice.get("text"):
        return True
    delta = choice.get("delta")
    return isinstance(delta, dict) and any(value for name, value in delta.items() if name != "role")

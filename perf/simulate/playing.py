"""A stream under way: which of its tokens are due, and how it ends."""

from __future__ import annotations

from .answers import Stream
from .behaviour import Drawn, Fate
from .connection import Connection


class Playing:
    """Sends a stream token by token, or as many together as are due.

    Args:
        connection: To the client.
        parts: The stream.
        drawn: Its pace, and its fate.
        begins: When the first token is due, on the loop's clock.
    """

    __slots__ = ("_begins", "_connection", "_drawn", "_last", "_parts", "_sent")

    def __init__(self, connection: Connection, parts: Stream, drawn: Drawn, begins: float) -> None:
        self._connection = connection
        self._parts = parts
        self._drawn = drawn
        self._begins = begins
        self._sent = 0
        self._last = drawn.tokens if drawn.fate is Fate.ANSWER else drawn.tokens // 2

    def go_on(self) -> None:
        """Send what is due; see to it that the rest follows."""
        connection, drawn = self._connection, self._drawn
        due = self._last
        if drawn.pause:
            due = min(due, int((connection.now() - self._begins) / drawn.pause) + 1)
        data = self._parts.tokens(self._sent, due)
        if not self._sent:
            data = self._parts.opening + data
        self._sent = due
        if due < self._last:
            connection.send(data, done=False)
            if connection.blocked:
                connection.when_flushed = self.go_on
            elif not connection.closed:
                connection.later(self._begins + due * drawn.pause, self.go_on)
        elif drawn.fate is Fate.ANSWER:
            connection.send(data + self._parts.ending)
        else:
            connection.send(data, done=False)
            if drawn.fate is Fate.CUT:
                connection.close()

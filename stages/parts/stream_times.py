"""When the chunks of a stream left, and how large they were: all of it that is noted while it runs."""

from __future__ import annotations

from array import array

import trio

from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.reply import Chunk
from sluicegate.pipeline.take import RecordedChunk

from .cache_entry import Budget

TOGETHER = 0.0001
"""Seconds within which chunks have left together: a batch is tapped chunk by chunk, in a few microseconds."""
ENTRY = 16
"""Bytes that the time and size of one entry take."""


class StreamTimes:
    """The tap of one stream. What finds no room in the budget is added to the last entry that did, without its data.

    Args:
        budget: What it shares with the other streams under way.
        keep_data: Whether to keep what the chunks hold.
    """

    def __init__(self, budget: Budget, *, keep_data: bool) -> None:
        self._budget = budget
        self._keep_data = keep_data
        self._taken = 0
        self._times = array("d")
        self._sizes = array("q")
        self._data: list[bytes] = []

    def tap(self, exchange: Exchange, chunk: Chunk) -> Chunk:
        """Note a chunk that leaves."""
        if exchange.reply is not None and exchange.reply.raw:
            self._keep_data = False  # sound is neither text to mask nor lines to join
        now = trio.current_time()
        size = len(chunk.data)
        new = not self._times or now - self._times[-1] >= TOGETHER
        cost = (ENTRY if new else 0) + (size if self._keep_data else 0)
        if not self._taken:
            exchange.stack.callback(self._release)
        if self._budget.take(cost):
            self._taken += cost
        else:
            self._keep_data = False
            self._data.clear()
            new = not self._times
        if new:
            self._times.append(now)
            self._sizes.append(size)
        else:
            self._sizes[-1] += size
        if self._keep_data:
            if new:
                self._data.append(chunk.data)
            else:
                self._data[-1] += b"\n" + chunk.data
        return chunk

    def chunks(self, started: float) -> tuple[RecordedChunk, ...]:
        """Return what was noted, with times from ``started`` on. Data of chunks that left together is in lines."""
        data = self._data or [b""] * len(self._times)
        return tuple(
            RecordedChunk(at - started, size, held)
            for at, size, held in zip(self._times, self._sizes, data, strict=True)
        )

    def _release(self) -> None:
        """Give the budget its bytes back: the stream is over, and is settled at once."""
        self._budget.left += self._taken
        self._taken = 0
        self._keep_data = False

"""Ends reads that take too long. One task looks after all connections, and each has at most one place in its list.

A cancel scope around each read costs more than the read. Here, to begin one costs a comparison: a read that is due
later than the connection's place in the list leaves it where it is, and is only looked at when that comes up.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import count
from math import inf
from typing import Protocol

import trio

SPARE = 64
"""Places of closed connections that are put up with, beside as many as there are others."""


class Reader(Protocol):
    """Who reads.

    Attributes:
        due: When the read under way ends without success, in seconds on trio's clock; infinite if there is none.
        listed: The time of its place in the list; infinite if it has none.
    """

    due: float
    listed: float

    def expire(self) -> None:
        """End the read under way. Never waits."""


class Alarms:
    """The list, by time."""

    def __init__(self) -> None:
        self._list: list[tuple[float, int, Reader]] = []
        self._numbers = count()
        self._unlisted = 0
        self._sleep: trio.CancelScope | None = None

    def __len__(self) -> int:
        return len(self._list)

    def set(self, reader: Reader, due: float) -> None:
        """End the read that begins now at ``due``, unless the reader's own ``due`` says something else by then."""
        reader.due = due
        if due < reader.listed:
            self._enlist(reader, due)

    def forget(self, reader: Reader) -> None:
        """Keep no place for a reader that reads no more."""
        reader.due = inf
        if reader.listed == inf:
            return
        reader.listed = inf
        self._unlisted += 1
        if self._unlisted > len(self._list) // 2 + SPARE:
            self._list = [place for place in self._list if place[0] == place[2].listed]
            heapify(self._list)
            self._unlisted = 0

    def _enlist(self, reader: Reader, due: float) -> None:
        if reader.listed != inf:
            self._unlisted += 1
        reader.listed = due
        heappush(self._list, (due, next(self._numbers), reader))
        if self._sleep is None:
            self._sleep = trio.CancelScope(deadline=due)
            # As the pool, this has no nursery: it may be made before there is one.
            trio.lowlevel.spawn_system_task(self._keep, self._sleep, name="end late reads")
        elif due < self._sleep.deadline:
            self._sleep.deadline = due

    async def _keep(self, sleep: trio.CancelScope) -> None:
        """Look at what comes up, as long as there is anything."""
        try:
            while True:
                with sleep:
                    await trio.sleep_forever()
                self._look(trio.current_time())
                if not self._list:
                    return
                sleep = self._sleep = trio.CancelScope(deadline=self._list[0][0])
        finally:
            self._sleep = None

    def _look(self, now: float) -> None:
        while self._list and self._list[0][0] <= now:
            listed, _, reader = heappop(self._list)
            if listed != reader.listed:
                self._unlisted -= 1
                continue
            reader.listed = inf
            if reader.due <= now:
                reader.expire()
            elif reader.due != inf:
                reader.listed = reader.due
                heappush(self._list, (reader.due, next(self._numbers), reader))

"""Bytes by key, each with an end, bounded in number and in bytes: the least recently used go first."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from typing import NamedTuple

OVERHEAD = 200
"""Bytes that an entry takes beside its key and value, about: the objects and their places in three tables."""


class _Entry(NamedTuple):
    value: bytes
    end: float
    size: int


class Entries:
    """A table of entries that is told the time.

    Args:
        max_entries: The most entries at once.
        max_bytes: The most bytes at once, keys and overhead included. A larger entry is not kept at all.
    """

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self.bytes = 0
        self._by_key: OrderedDict[str, _Entry] = OrderedDict()
        # Ends in order, of entries that may have been replaced since; what is stale is skipped, and cleared at times.
        self._ends: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._by_key)

    def get(self, key: str, now: float) -> bytes | None:
        """Return the value of ``key``, unless its end has come."""
        entry = self._by_key.get(key)
        if entry is None:
            return None
        if now >= entry.end:
            self._drop(key)
            return None
        self._by_key.move_to_end(key)
        return entry.value

    def put(self, key: str, value: bytes, end: float, now: float) -> None:
        """Keep ``value`` until ``end``, in place of what was there, dropping others to stay within the bounds."""
        if key in self._by_key:
            self._drop(key)
        self._drop_ended(now)
        size = len(key) + len(value) + OVERHEAD
        if size > self.max_bytes or end <= now:
            return
        self._by_key[key] = _Entry(value, end, size)
        self.bytes += size
        heapq.heappush(self._ends, (end, key))
        while len(self._by_key) > self.max_entries or self.bytes > self.max_bytes:
            self._drop(next(iter(self._by_key)))
        if len(self._ends) > 2 * len(self._by_key) + 16:
            self._ends = [(entry.end, name) for name, entry in self._by_key.items()]
            heapq.heapify(self._ends)

    def _drop(self, key: str) -> None:
        self.bytes -= self._by_key.pop(key).size

    def _drop_ended(self, now: float) -> None:
        while self._ends and self._ends[0][0] <= now:
            _, key = heapq.heappop(self._ends)
            entry = self._by_key.get(key)
            if entry is not None and entry.end <= now:
                self._drop(key)

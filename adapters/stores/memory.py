"""The store that always exists: this process' own memory. Nothing in it outlives the process, or is seen by another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import trio

from sluicegate.pipeline.store import Admission, Amounts, Slot, Window, each

from .entries import Entries
from .slots import Slots
from .windows import Counter, Counters, admitted, first_of, refusal

MAX_ENTRIES = 10_000
MAX_BYTES = 64 * 1024 * 1024
MAX_COUNTERS = 100_000


class MemoryStore:
    """A `Store` whose methods never wait; each is atomic, since no other task runs in between.

    Args:
        clock: The time in seconds, never going back.
        max_entries: The most entries kept; the least recently used go first.
        max_bytes: The most bytes that entries take; what is in parts does not count.
        max_counters: The most counters kept for each length of window; the one not hit for longest goes first.
    """

    immediate = True

    def __init__(
        self,
        clock: Callable[[], float] = trio.current_time,
        *,
        max_entries: int = MAX_ENTRIES,
        max_bytes: int = MAX_BYTES,
        max_counters: int = MAX_COUNTERS,
    ) -> None:
        self._clock = clock
        self._entries = Entries(max_entries, max_bytes)
        self._max_counters = max_counters
        self._counters = _CountersBySeconds(max_counters)
        self._slots = Slots()
        self._parts: dict[str, MemoryStore] = {}

    async def get(self, key: str) -> bytes | None:
        """Return what is stored under ``key``, or None. Not a checkpoint."""
        return self._entries.get(key, self._clock())

    async def put(self, key: str, value: bytes, *, ttl: float) -> None:
        """Store ``value`` for ``ttl`` seconds, within the bounds. Not a checkpoint."""
        now = self._clock()
        self._entries.put(key, value, now + ttl, now)

    async def hit(self, windows: Sequence[Window], amount: Amounts = 1) -> Admission:
        """Count in all windows, or in none. Not a checkpoint."""
        now = self._clock()
        amounts = each(amount, windows)
        found = [self._counters[window.seconds].look(window.key, now) for window in windows]
        refused = refusal(windows, found, now, amounts)
        if refused is not None:
            return refused
        counters: list[Counter] = []
        for window, count in zip(windows, amounts, strict=True):
            counter = self._counters[window.seconds].hold(window.key, now)
            if counter not in counters:
                counter.current += count
            counters.append(counter)
        return admitted(windows, counters, now, amounts)

    async def adjust(self, windows: Sequence[Window], admission: Admission, change: Amounts) -> None:
        """Count more or less than `hit` has. Not a checkpoint."""
        if admission.refused_by is not None or admission.missing:
            return
        now = self._clock()
        for (key, seconds), amount in first_of(windows, each(change, windows)).items():
            counters = self._counters.get(seconds)
            if counters is not None:
                counters.change(key, amount, admission.at, now)

    async def seed(self, window: Window, amount: int) -> None:
        """Begin a counter at ``amount``. Not a checkpoint."""
        now = self._clock()
        counters = self._counters[window.seconds]
        if counters.look(window.key, now) is None:
            counters.hold(window.key, now).current = amount

    async def hold(self, slots: Sequence[Slot], owner: str, ttl: float) -> Slot | None:
        """Take all slots, or return one that is full. Not a checkpoint."""
        now = self._clock()
        return self._slots.hold(slots, owner, now + ttl, now)

    async def release(self, slots: Sequence[Slot], owner: str) -> None:
        """Give back what ``owner`` holds. Not a checkpoint."""
        self._slots.release(slots, owner)

    def part(self, name: str, *, max_entries: int, max_bytes: int) -> MemoryStore:
        """Return the part called ``name``, with keys, counters and bounds of its own."""
        part = self._parts.get(name)
        if part is None:
            part = self._parts[name] = MemoryStore(
                self._clock,
                max_entries=max_entries,
                max_bytes=max_bytes,
                max_counters=self._max_counters,
            )
        part._entries.max_entries = max_entries
        part._entries.max_bytes = max_bytes
        return part


class _CountersBySeconds(dict[float, Counters]):
    """Counters by the length of their windows, made as they are asked for."""

    def __init__(self, most: int) -> None:
        self._most = most

    def __missing__(self, seconds: float) -> Counters:
        counters = self[seconds] = Counters(seconds, self._most)
        return counters

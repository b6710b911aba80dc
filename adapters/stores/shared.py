"""The store of a host with several worker processes, all of which count in the same windows."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence

from sluicegate.pipeline.store import Admission, Amounts, Slot, Window, each

from .memory import MemoryStore
from .shared_slots import SharedSlots, by_key
from .stripes import Stripes, ascending
from .table import Held, Place, Table
from .windows import IDLE, admitted, bucket_at, first_of, refusal


class SharedStore:
    """A `Store` whose counters and slots are one for all processes that have the same table; entries are their own.

    No method waits for a task. A hit or a refund is atomic among all processes: for some microseconds it has the locks
    of its counters, and it blocks the thread while another process has them. It is for one thread in each process. One
    that is killed in the middle of a hit may have counted it in some of its windows only.

    What is stored by `put` is seen by this process alone. So the caches of several hold copies of their own: that costs
    memory and hits, and makes no answer wrong.

    Args:
        descriptor: Of a table, as `create_memory` makes it. It stays the caller's, and has to stay open.
        clock: The time in seconds, never going back, and the same in all processes: trio's clock is not.

    Raises:
        ValueError: The descriptor is not that of a table.
    """

    immediate = True

    def __init__(self, descriptor: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._table = Table(descriptor)
        self._stripes = Stripes(descriptor)
        self._slots = SharedSlots(descriptor, self._table, self._stripes, clock)
        self._entries = MemoryStore(clock)
        self._prefix = "/"

    @property
    def evictions(self) -> int:
        """How many counters that still weighed this process has dropped for want of room: their callers start anew."""
        return self._table.evictions

    async def get(self, key: str) -> bytes | None:
        """Return what this process has stored under ``key``, or None. Not a checkpoint."""
        return await self._entries.get(key)

    async def put(self, key: str, value: bytes, *, ttl: float) -> None:
        """Store ``value`` for ``ttl`` seconds, in this process. Not a checkpoint."""
        await self._entries.put(key, value, ttl=ttl)

    async def hit(self, windows: Sequence[Window], amount: Amounts = 1) -> Admission:
        """Count in all windows, or in none. Not a checkpoint."""
        places = self._places(windows)
        amounts = each(amount, windows)
        try:
            self._stripes.take(ascending(places))
            # Read with the locks held, so that no counter has been turned to a later time by another process.
            now = self._clock()
            held = {place: self._table.look(place, now) for place in places}
            found = [held[place] for place in places]
            known = [
                None if window.seeded and _is_to_seed(one, now) else one.counter
                for one, window in zip(found, windows, strict=True)
            ]
            refused = refusal(windows, known, now, amounts)
            if refused is not None:
                return refused
            counted: dict[Place, int] = {}
            for place, count in zip(places, amounts, strict=True):
                counted.setdefault(place, count)
            self._count(held, counted, now)
        finally:
            self._stripes.give()
        return admitted(windows, [one.counter for one in found], now, amounts)

    async def adjust(self, windows: Sequence[Window], admission: Admission, change: Amounts) -> None:
        """Count more or less than `hit` has, in this process or another. Not a checkpoint."""
        if admission.refused_by is not None or admission.missing:
            return
        changes = first_of(windows, each(change, windows))
        places = {self._table.place(self._prefix + key, seconds): amount for (key, seconds), amount in changes.items()}
        try:
            self._stripes.take(ascending(places))
            now = self._clock()
            for place, amount in places.items():
                held = self._table.look(place, now)
                if held.slot is not None:
                    held.counter.change(amount, bucket_at(admission.at, place.seconds))
                    self._table.write(held)
        finally:
            self._stripes.give()

    async def seed(self, window: Window, amount: int) -> None:
        """Begin a counter at ``amount``, for all processes. Not a checkpoint."""
        (place,) = self._places([window])
        try:
            self._stripes.take([place.stripe])
            now = self._clock()
            held = self._table.look(place, now)
            if _is_to_seed(held, now):
                held.counter.current = 0
                self._count({place: held}, {place: amount}, now)
        finally:
            self._stripes.give()

    async def hold(self, slots: Sequence[Slot], owner: str, ttl: float) -> Slot | None:
        """Take all slots, or return one that is full, for all processes. Not a checkpoint."""
        full = self._slots.hold(by_key(slots, self._prefix), owner, ttl)
        if full is None:
            return None
        of_key = [slot for slot in slots if self._prefix + slot.key == full]
        return min(of_key, key=lambda slot: slot.count)

    async def release(self, slots: Sequence[Slot], owner: str) -> None:
        """Give back what ``owner`` holds. Not a checkpoint."""
        self._slots.release({self._prefix + slot.key for slot in slots}, owner)

    def part(self, name: str, *, max_entries: int, max_bytes: int) -> SharedStore:
        """Return the part called ``name``, with keys and counters of its own; the bounds are this process'."""
        part = copy.copy(self)
        part._entries = self._entries.part(name, max_entries=max_entries, max_bytes=max_bytes)
        # No key outside of it begins like this: a name is preceded by its length, and any other key by a slash.
        part._prefix = f"{self._prefix.removesuffix('/')}{len(name)}:{name}/"
        return part

    def _places(self, windows: Sequence[Window]) -> list[Place]:
        place, prefix = self._table.place, self._prefix
        return [place(prefix + window.key, window.seconds) for window in windows]

    def _count(self, held: Mapping[Place, Held], amounts: Mapping[Place, int], now: float) -> None:
        """Count in the counters that were found, and make room for the others."""
        for place, one in held.items():
            one.counter.current += amounts[place]
            one.last = now
            if one.slot is None:
                one.slot = self._table.room(place, now, [other.slot for other in held.values()])
            self._table.write(one)


def _is_to_seed(held: Held, now: float) -> bool:
    """Say whether the base of a budget has to be told."""
    return held.slot is None or now - held.last > IDLE

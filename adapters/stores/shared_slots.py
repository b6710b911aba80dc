"""Slots that several processes hold together: each counts its own owners in the table that all of them have."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from sluicegate.pipeline.store import Slot

from .lanes import Lanes
from .stripes import Stripes, ascending
from .table import Place, Table

Owners = dict[str, float]
"""By owner, the time from which on its place is free again."""


class SharedSlots:
    """The slots of all processes with the same table; of this process there must be one for each table.

    A key has a counter for each process that holds it. Its last hit is the time at which the last of that process'
    owners loses its place: after that it counts no more, as it does once its process has died.

    Args:
        descriptor: Of the table.
        clock: The time in seconds, the same in all processes.
    """

    def __init__(self, descriptor: int, table: Table, stripes: Stripes, clock: Callable[[], float]) -> None:
        self._table = table
        self._stripes = stripes
        self._clock = clock
        self._lanes = Lanes(descriptor)
        self._owners: dict[str, Owners] = {}

    def hold(self, counts: Mapping[str, int], owner: str, ttl: float) -> str | None:
        """Take a place of each key for ``owner``, or, if one has none left, of no key; return that one, or None.

        Args:
            counts: By key, how many owners may hold it at once.
        """
        full = self._held(counts, owner, ttl)
        if full is not None and self._lanes.bury():
            full = self._held(counts, owner, ttl)
        return full

    def release(self, keys: Iterable[str], owner: str) -> None:
        """Give back what ``owner`` holds of these."""
        given = [key for key in keys if self._owners.get(key, {}).pop(owner, None) is not None]
        if not given:
            return
        places = {key: self._place(key, self._lanes.token) for key in given}
        try:
            self._stripes.take(ascending(places.values()))
            now = self._clock()
            for key, place in places.items():
                self._tell(key, place, places.values(), now)
        finally:
            self._stripes.give()

    def _held(self, counts: Mapping[str, int], owner: str, ttl: float) -> str | None:
        others = self._lanes.others()
        places = {key: [self._place(key, token) for token in (self._lanes.token, *others)] for key in counts}
        everywhere = [place for several in places.values() for place in several]
        try:
            self._stripes.take(ascending(everywhere))
            now = self._clock()
            for key, count in counts.items():
                owners = self._living(key, now)
                if owner not in owners and len(owners) + self._elsewhere(places[key][1:], now) >= count:
                    return key
            for key in counts:
                self._owners.setdefault(key, {})[owner] = now + ttl
                self._tell(key, places[key][0], everywhere, now)
        finally:
            self._stripes.give()
        return None

    def _living(self, key: str, now: float) -> Owners:
        owners = self._owners.get(key, {})
        for one in [one for one, until in owners.items() if until <= now]:
            del owners[one]
        return owners

    def _elsewhere(self, places: Sequence[Place], now: float) -> int:
        """Return how many owners other processes have."""
        found = (self._table.look(place, now) for place in places)
        return sum(one.counter.current for one in found if one.slot is not None and one.last > now)

    def _tell(self, key: str, place: Place, beside: Iterable[Place], now: float) -> None:
        """Let the others know how many owners this process has."""
        owners = self._owners[key]
        held = self._table.look(place, now)
        if held.slot is None:
            if not owners:
                del self._owners[key]
                return
            held.slot = self._table.room(place, now, [self._table.look(one, now).slot for one in beside])
        held.counter.current = len(owners)
        held.last = max(owners.values(), default=-math.inf)  # with none, it makes room for any other
        self._table.write(held)
        if not owners:
            del self._owners[key]

    def _place(self, key: str, token: bytes) -> Place:
        return self._table.place(f"{key}#{token.hex()}", math.inf)


def by_key(slots: Sequence[Slot], prefix: str) -> dict[str, int]:
    """Return the narrowest of the slots of each key, as `SharedSlots.hold` wants them."""
    counts: dict[str, int] = {}
    for slot in slots:
        counts[prefix + slot.key] = min(slot.count, counts.get(prefix + slot.key, slot.count))
    return counts

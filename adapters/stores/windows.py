"""Sliding-window counters in two buckets: pure arithmetic, told the time.

A window of ``seconds`` slides over buckets of the same length, which begin at the multiples of it. Of the bucket before
the current one it still covers a part, and its count weighs by that part::

    weighted = previous * (1 - elapsed / seconds) + current

A hit is admitted if it fits beside that. The method and its error are described at
https://blog.cloudflare.com/counting-things-a-lot-of-different-things/.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from sluicegate.pipeline.store import Admission, Standing, Window

TOLERANCE = 1e-6
"""How far over its limit a weighted sum may be. It covers the rounding of floats, so that who waits for exactly
``retry_after`` is admitted, and stays far below one hit."""
IDLE = 2 * 3600
"""Seconds without a hit after which a budget's base is asked for anew, longer than a request takes: what processes have
reserved that died, or a store has counted without saying so, does not stay counted for good."""
SWEEP = 2
"""Counters looked at for each one made: more than one, so that those past their time go faster than new ones come."""


@dataclass(slots=True, eq=False)
class Counter:
    """What was counted in bucket number ``bucket``, and in the one before it."""

    bucket: int
    current: int = 0
    previous: int = 0

    def turn_to(self, bucket: int) -> None:
        """Move on to a later bucket."""
        if bucket > self.bucket:
            self.previous = self.current if bucket == self.bucket + 1 else 0
            self.current = 0
            self.bucket = bucket

    def change(self, amount: int, bucket: int) -> None:
        """Add ``amount``, which may be negative, to what was counted in ``bucket``, if that still weighs."""
        age = self.bucket - bucket
        if age == 0:
            self.current = max(0, self.current + amount)
        elif age == 1:
            self.previous = max(0, self.previous + amount)


def bucket_at(time: float, seconds: float) -> int:
    """Return the number of the bucket of ``seconds`` that ``time`` lies in."""
    return int(time // seconds)


def refusal(
    windows: Sequence[Window], counters: Sequence[Counter | None], now: float, amounts: Sequence[int]
) -> Admission | None:
    """Return the answer to a hit that counts nothing, since a window has no room or no base, or None if all have.

    The counters are turned to ``now``; a window that has none has counted nothing.
    """
    missing = [window for window, counter in zip(windows, counters, strict=True) if window.seeded and counter is None]
    if missing:
        return Admission((), at=now, missing=tuple(missing))
    for window, counter, amount in zip(windows, counters, amounts, strict=True):
        if amount > _room(window, counter, now) + TOLERANCE:
            standings = _standings(windows, counters, now, amounts)
            return Admission(standings, refused_by=max(standings, key=lambda one: one.retry_after), at=now)
    return None


def admitted(windows: Sequence[Window], counters: Sequence[Counter], now: float, amounts: Sequence[int]) -> Admission:
    """Return the answer to a hit that the counters have counted."""
    return Admission(_standings(windows, counters, now, amounts), at=now)


def _standings(
    windows: Sequence[Window], counters: Sequence[Counter | None], now: float, amounts: Sequence[int]
) -> tuple[Standing, ...]:
    told = zip(windows, counters, amounts, strict=True)
    return tuple([standing(window, counter, now, amount) for window, counter, amount in told])


def first_of(windows: Sequence[Window], amounts: Sequence[int]) -> dict[tuple[str, float], int]:
    """Return the amount for each counter, by its key and length: that of the first window which it stands for."""
    amount_of: dict[tuple[str, float], int] = {}
    for window, amount in zip(windows, amounts, strict=True):
        amount_of.setdefault((window.key, window.seconds), amount)
    return amount_of


def _room(window: Window, counter: Counter | None, now: float) -> float:
    if counter is None:
        return window.count
    room = window.count - counter.current
    return room - counter.previous * (1 - now % window.seconds / window.seconds) if counter.previous else room


def standing(window: Window, counter: Counter | None, now: float, amount: int) -> Standing:
    """Return where a window stands at ``now``, and when it would admit ``amount`` more."""
    previous, current = (counter.previous, counter.current) if counter is not None else (0, 0)
    length = window.seconds
    left = length - now % length
    room = _room(window, counter, now) + TOLERANCE
    wait = 0.0 if amount <= room else _wait(window, previous, current, left, amount)
    reset = left + length if current else left if previous else 0.0
    return Standing(window, math.floor(room) if room > 0.0 else 0, reset, wait)


def _wait(window: Window, previous: int, current: int, left: float, amount: int) -> float:
    """Return the seconds until there is room for ``amount``, with ``left`` seconds of the current bucket to go."""
    if amount > window.count:
        return math.inf
    beside = window.count - amount
    if current <= beside:
        # The previous bucket has to weigh little enough. It weighs something, or there would be room now.
        return left - window.seconds * (beside - current) / previous
    # The current bucket has to end, and then to weigh little enough as the previous one.
    return left + window.seconds * (current - beside) / current


class Counters:
    """The counters of all windows of one length, by key, at most ``limit`` of them.

    They stand in the order of their last hits, which is that of their ends as well. At the limit the one that was not
    hit for longest is forgotten: its caller starts anew. What counts without end has no end to wait for: at 0 it stands
    for a budget of which nothing is spent, and is kept as any other.
    """

    def __init__(self, seconds: float, limit: int) -> None:
        self._seconds = seconds
        self._limit = limit
        self._by_key: OrderedDict[str, Counter] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_key)

    def look(self, key: str, now: float) -> Counter | None:
        """Return the counter of ``key``, turned to ``now``, or None if it was not hit for long."""
        counter = self._by_key.get(key)
        if counter is not None and counter.bucket != (bucket := self._bucket(now)):
            counter.turn_to(bucket)
        return counter

    def hold(self, key: str, now: float) -> Counter:
        """Return the counter of ``key`` that was found by `look` at ``now``, or a new one; it is the last hit."""
        counter = self._by_key.get(key)
        if counter is None:
            self._make_room(now)
            counter = self._by_key[key] = Counter(self._bucket(now))
        else:
            self._by_key.move_to_end(key)
        return counter

    def change(self, key: str, amount: int, at: float, now: float) -> None:
        """Add ``amount``, which may be negative, to the bucket of ``at``, if that still weighs at ``now``."""
        counter = self.look(key, now)
        if counter is not None:
            counter.change(amount, self._bucket(at))

    def _bucket(self, time: float) -> int:
        return bucket_at(time, self._seconds)

    def _make_room(self, now: float) -> None:
        for _ in range(SWEEP if self._seconds < math.inf else 0):
            if not self._by_key:
                return
            oldest = next(iter(self._by_key))
            counter = self._by_key[oldest]
            counter.turn_to(self._bucket(now))
            if counter.current or counter.previous:
                break
            del self._by_key[oldest]
        if len(self._by_key) >= self._limit:
            self._by_key.popitem(last=False)

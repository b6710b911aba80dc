"""When a worker that has ended is followed by another one. Pure: it is told how long the worker lived."""

from __future__ import annotations

FIRST = 0.1
"""Seconds before the first restart."""
MOST = 10.0
"""Seconds that a restart waits at most."""
STEADY = 10.0
"""Seconds of life after which a worker's end counts as the first one again."""


class Backoff:
    """The pauses before the restarts of one place: each twice as long as the one before, up to a bound.

    Args:
        first: Seconds of the first pause.
        most: Seconds of the longest one.
        steady: A worker that lived as many seconds has started well: the pauses begin anew.
    """

    def __init__(self, *, first: float = FIRST, most: float = MOST, steady: float = STEADY) -> None:
        self._first = first
        self._most = most
        self._steady = steady
        self._next = first

    def pause(self, lived: float) -> float:
        """Return the seconds to wait after the end of a worker that lived so many."""
        if lived >= self._steady:
            self._next = self._first
        pause, self._next = self._next, min(self._next * 2, self._most)
        return pause

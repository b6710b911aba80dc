"""Settling windows: what a store does not take, since it is away, is kept within a bound and tried again later."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sluicegate.pipeline.errors import StoreUnavailable
from sluicegate.pipeline.store import Admission, Store, Window

MAX_OWED = 10_000
"""Settlements that are kept while a store is away; one takes some 1,000 bytes. The oldest are dropped first."""
MAX_TRIES = 3
"""How often one of them is tried again."""
AT_A_TIME = 8
"""How many of them are tried behind one that has come through."""
QUIET = 10.0
"""Seconds between two lines of the log that say the same."""

log = logging.getLogger("sluicegate.stages.limit")


@dataclass(slots=True)
class _Owed:
    windows: tuple[Window, ...]
    admission: Admission
    changes: tuple[int, ...]
    tries: int = 0


class Settlements:
    """What is to be settled in one store.

    Args:
        what: What counts, for the log.
        clock: Seconds, never going back.
    """

    def __init__(self, what: str, store: Store, clock: Callable[[], float]) -> None:
        self._what = what
        self._store = store
        self._clock = clock
        self._owed: deque[_Owed] = deque()
        self._quiet_until = float("-inf")
        self._lost = 0

    async def adjust(self, windows: tuple[Window, ...], admission: Admission, changes: tuple[int, ...]) -> None:
        """Settle one request; and, where that works, some of those with which it did not.

        Never raises, and keeps what could not be settled. A checkpoint where the store waits.
        """
        if not await self._adjusted(_Owed(windows, admission, changes)):
            return
        for _ in range(AT_A_TIME):
            # Others take from them too, while this waits.
            if not self._owed or not await self._adjusted(self._owed.popleft()):
                return

    def complain(self, error: StoreUnavailable) -> None:
        """Log that something is not counted, from time to time."""
        now = self._clock()
        if now >= self._quiet_until:
            self._quiet_until = now + QUIET
            log.warning("%s: not counted for now: %s", self._what, error)

    async def _adjusted(self, owed: _Owed) -> bool:
        try:
            await self._store.adjust(owed.windows, owed.admission, owed.changes)
        except StoreUnavailable as error:
            self.complain(error)
            owed.tries += 1
            if owed.tries > MAX_TRIES:
                self._lose(owed)
                return False
            if len(self._owed) >= MAX_OWED:
                self._lose(self._owed.popleft())
            self._owed.append(owed)
            return False
        return True

    def _lose(self, owed: _Owed) -> None:
        self._lost += 1
        # Every power of two: while a store is away they are many.
        if self._lost & (self._lost - 1) == 0:
            told = "%s: %d requests could not be settled with what they have used; the last in %s by %s"
            log.error(told, self._what, self._lost, [window.key for window in owed.windows], list(owed.changes))

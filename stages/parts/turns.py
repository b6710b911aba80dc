"""Whose turn it is: numbers that go up by one with each choice of a group, in all workers of a host together."""

from __future__ import annotations

import math

from sluicegate.pipeline.store import Store, Window, at_once

MOST = 10**12
"""Turns that are counted: at 10,000 a second, three years'. After that they begin anew."""


class Turns:
    """Counts turns in a store that never waits."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def next(self, group: str) -> int:
        """Return the number of a group's next turn, which nobody else gets. Not a checkpoint."""
        window = Window(f"turn:{group}", MOST, math.inf)
        admission = at_once(self._store.hit((window,)))
        if admission.refused_by is None:
            return MOST - 1 - admission.standings[0].remaining
        at_once(self._store.adjust((window,), at_once(self._store.hit((window,), 0)), -MOST))
        return 0

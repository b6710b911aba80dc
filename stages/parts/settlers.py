"""A few coroutines that do what many leave to them: each of these would take a task of its own otherwise."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

import trio

MOST = 8
"""How many are at work at once. One that waits for a Redis on the same network settles a thousand requests a second."""
SHIFT = 1.0
"""Seconds after which one leaves the rest to the others, if there are any: whoever awaits it has a time limit."""
LATE = 1.0
"""Seconds after which one that was handed out and has not begun is taken for lost."""

log = logging.getLogger("sluicegate.stages.limit")
Work = Callable[[], Coroutine[Any, Any, None]]


class Settlers:
    """Work that waits, and whoever does it. What is left to it is done in order, by whoever is free."""

    def __init__(self) -> None:
        self._due: deque[Work] = deque()
        self._working = 0
        self._handed_out: float | None = None

    def leave(self, work: Work) -> Coroutine[Any, Any, None] | None:
        """Take work. Returns None if somebody sees to it, or a coroutine, to be awaited at once, that does."""
        self._due.append(work)
        now = trio.current_time()
        if self._working >= MOST or (self._handed_out is not None and now < self._handed_out + LATE):
            return None
        self._handed_out = now
        return self._do()

    async def _do(self) -> None:
        self._handed_out = None
        self._working += 1
        ends = trio.current_time() + SHIFT
        try:
            while self._due and (self._working == 1 or trio.current_time() < ends):
                await self._due.popleft()()
        except BaseException:
            if self._due and self._working == 1:
                log.warning("limit: %d requests are settled only behind the next one, if one comes", len(self._due))
            raise
        finally:
            self._working -= 1

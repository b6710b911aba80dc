"""Orders to leave, and who waits for them."""

from __future__ import annotations

from enum import IntEnum

import trio

from sluicegate.pipeline.config.sections import ServerSettings
from sluicegate.pipeline.ending import ENDING

from .server import LINGER

PATIENCE = 0.5
"""Seconds that INTERRUPT gives to what is under way."""
HURRY = 1.0
"""Seconds that the gateway then takes to end, so that the process is gone within two."""


class Order(IntEnum):
    """How to leave; the later ones have less patience.

    YIELD accepts no more connections and serves those that there are until they end: others take the new ones. DRAIN
    refuses new requests and waits for those under way. INTERRUPT does that with hardly any patience.
    """

    YIELD = 1
    DRAIN = 2
    INTERRUPT = 3

    def patience(self, settings: ServerSettings) -> float:
        """Return the seconds that what is under way has, to end by itself."""
        if self is Order.INTERRUPT:
            return min(PATIENCE, settings.drain)
        # No request is longer under way than its one deadline.
        return settings.timeout if self is Order.YIELD else settings.drain

    def ending(self) -> float:
        """Return the seconds that the gateway then has, to end what is left."""
        return HURRY if self is Order.INTERRUPT else ENDING

    def time(self, settings: ServerSettings) -> float:
        """Return the seconds in which it has been obeyed, whatever hangs."""
        return self.patience(settings) + self.ending() + LINGER


class Orders:
    """The order that holds: the one with the least patience of all that came."""

    def __init__(self) -> None:
        self._last: Order | None = None
        self._news = trio.Event()

    def give(self, order: Order) -> bool:
        """Give an order; say whether it changes anything. Never waits."""
        if self._last is not None and order <= self._last:
            return False
        self._last = order
        self._news.set()
        return True

    async def next(self) -> Order:
        """Wait for an order with less patience than the one before, and return it. A checkpoint."""
        await self._news.wait()
        self._news = trio.Event()
        assert self._last is not None
        return self._last

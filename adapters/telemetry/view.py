"""Where the pages have their figures from: this gateway alone, or all workers of it together."""

from __future__ import annotations

from typing import Protocol

import trio

from sluicegate.pipeline.gateway import Gateway

from .snapshot import Snapshot, take_snapshot


class View(Protocol):
    """Something that knows the figures."""

    async def look(self) -> Snapshot:
        """Return the figures of this moment. A checkpoint, if they are not at hand.

        Raises:
            GatewayError: Whoever knows them does not answer.
        """
        ...


class OwnView:
    """The figures of a gateway that is one process, running from now on."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._started = trio.current_time()

    async def look(self) -> Snapshot:
        """Return the figures of this moment. Not a checkpoint."""
        return self.take()

    def take(self) -> Snapshot:
        """Return the same, at once."""
        return take_snapshot(self._gateway, started=self._started)

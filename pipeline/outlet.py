"""The contract with edges: how one exchange's answer leaves."""

from __future__ import annotations

from typing import Protocol

from .exchange import Exchange
from .reply import Batch


class Outlet(Protocol):
    """The edge's way out for one exchange. Each method may raise ClientGone."""

    async def open(self, exchange: Exchange) -> None:
        """Send the head; and the whole body if ``exchange.error`` is set or the reply is no stream."""
        ...

    async def send(self, batch: Batch) -> None:
        """Send chunks that came together, in one write."""
        ...

    async def close(self, exchange: Exchange) -> None:
        """End what `open` began: properly, or, if ``exchange.error`` is set, with the error in-band.

        If `open` has not sent a head by then, send the error as a whole answer. A deadline that cuts `open`, `send` or
        `close` short is told by another `close`, which does nothing if the end has left.
        """
        ...

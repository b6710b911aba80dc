"""Streams that have nothing to send yet: a word from time to time, so that nobody in between takes them for dead."""

from __future__ import annotations

import trio

from sluicegate.pipeline.errors import ClientGone
from sluicegate.pipeline.exchange import Exchange

from .outlet import HttpOutlet


async def keep_alive(outlet: HttpOutlet, exchange: Exchange, every: float) -> None:
    """Tell a client that its stream is alive whenever nothing has left for ``every`` seconds. A checkpoint.

    Whoever starts it cancels it once the exchange is over. That a client is gone is for others to notice.
    """
    due = exchange.started + every
    while True:
        await trio.sleep_until(due)
        now = trio.current_time()
        due = max(exchange.started, outlet.wrote) + every
        if due > now:
            continue
        due = now + every
        try:
            await outlet.tell_alive(exchange)
        except ClientGone:
            return

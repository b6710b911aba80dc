"""The one task that keeps the times of all connections: no cancel scope, and no timer, in each read and write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

import trio

from .connection import Connection


async def sweep(connections: Iterable[Connection], tick: float) -> NoReturn:
    """End what takes too long, for ever. A checkpoint.

    Args:
        connections: All there are; others may come and go meanwhile.
        tick: Seconds between two looks.
    """
    while True:
        await trio.sleep(tick)
        now = trio.current_time()
        late = [one for one in connections if one.deadline <= now or one.wire.due <= now]
        for connection in late:
            connection.expire()

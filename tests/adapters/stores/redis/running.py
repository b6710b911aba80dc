"""A multiplexer that runs for as long as a block."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import trio

from sluicegate.adapters.stores.redis.address import read_address
from sluicegate.adapters.stores.redis.commands import Commands
from sluicegate.adapters.stores.redis.multiplexer import Multiplexer
from sluicegate.pipeline.errors import StoreUnavailable

LONG = 5.0
"""Seconds that a reply may take where a test is not about that: this machine may be busy."""


def multiplexer(url: str, timeout: float = LONG) -> Multiplexer:
    return Multiplexer("shared", read_address(url), timeout=timeout, random=Random(5))


@asynccontextmanager
async def running(carrier: Multiplexer) -> AsyncIterator[Commands]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(carrier.run)
        yield Commands(carrier)
        nursery.cancel_scope.cancel()


async def until_back(commands: Commands, patience: float = 10.0) -> float:
    """Wait until commands are answered again, and return how many seconds that took."""
    begun = trio.current_time()
    with trio.fail_after(patience):
        while True:
            try:
                await commands.ping()
            except StoreUnavailable:
                await trio.sleep(0.01)
            else:
                return trio.current_time() - begun

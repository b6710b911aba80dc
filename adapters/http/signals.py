"""Signals, and the end of the terminal, as orders to leave.

SIGTERM drains, and SIGINT does so with hardly any patience. SIGHUP is a message as long as the terminal is there; once
that is gone, it is what SIGTERM is.
"""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable
from types import FrameType

import trio

from .orders import Order, Orders
from .terminal import Terminal

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def take_orders(
    signals: AsyncIterator[int],
    orders: Orders,
    terminal: Terminal,
    *,
    told: Callable[[], None],
    again: Callable[[int], None],
) -> None:
    """Give an order for what comes first, and go on taking signals, so that none is left for others. A checkpoint.

    Args:
        signals: Those in SIGNALS.
        terminal: Made before these were handled.
        told: Called for a SIGHUP that is a message.
        again: Called for a SIGINT or SIGTERM after the first order, in the midst of whatever runs.
    """
    left = False

    def end(number: int, _: FrameType | None) -> None:
        again(number)

    def leave(order: Order) -> None:
        nonlocal left
        left = True
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        orders.give(order)

    async def watch() -> None:
        await terminal.closed()
        leave(Order.DRAIN)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        async for number in signals:
            if number != signal.SIGHUP or terminal.gone():
                leave(Order.INTERRUPT if number == signal.SIGINT else Order.DRAIN)
            elif not left:
                told()

"""How an exchange lets go of what it held open, whatever happens around it."""

from __future__ import annotations

import logging

from .exchange import Exchange
from .waits import Waits

log = logging.getLogger("sluicegate.pipeline")

CLEANUP = 2.0
"""Seconds for closing what an exchange left open."""


async def close_held(exchange: Exchange, waits: Waits) -> None:
    """Close the stream of the reply, then what lies on the stack. Shielded, and bounded by CLEANUP and ``waits``.

    A stream that is an async generator and was left in its middle would otherwise run its ``finally`` only when the
    garbage collector finds it, long after the exchange was settled.
    """
    aclose = getattr(exchange.reply.stream, "aclose", None) if exchange.reply is not None else None
    if aclose is not None:
        exchange.stack.push_async_callback(aclose)
    if exchange.held is None:
        return
    try:
        with waits.within(CLEANUP, shield=True) as scope:
            await exchange.held.aclose()
    except Exception:
        log.exception("exchange %s could not close what it held", exchange.id)
    if scope.cancelled_caught:
        log.error("exchange %s could not close what it held in time", exchange.id)

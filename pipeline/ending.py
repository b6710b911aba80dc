"""The end of a gateway: one budget of seconds, and what each part of the end may take of it.

Whoever hangs, a client, an upstream or a stage of the SETTLE lane, is cut in time for the others, so that all of it is
over when the budget is.
"""

from __future__ import annotations

import math

import trio

from .errors import DeadlineExceeded, GatewayError, Overloaded
from .exchange import Exchange
from .life import State
from .waits import Waits

ENDING = 5.0
"""Seconds that the end takes at most, unless told otherwise, beyond what is waited for with patience."""
TOLD = 0.4
"""By this part of the budget, clients have been told."""
CLOSED = 0.55
"""By this part, what exchanges held open is closed."""
SETTLED = 0.65
"""By this part, no stage waits to settle anything; what it was to settle goes on at once."""
LEFT = 0.8
"""By this part, what is still there is left behind; the rest of the budget is for closing connections."""


def shutting_down() -> Overloaded:
    """Return the error for what was under way when the patience was over."""
    return Overloaded("the gateway is ending", code="shutting_down", retry_after=1.0)


class Ending:
    """A gateway's end, which may or may not have begun.

    Args:
        settling: The waits of the SETTLE lane.

    Attributes:
        telling: Waits for the REPLY lane and for clients, of exchanges that are cut short.
        closing: Waits for what exchanges held open.
        over: When nothing is waited for any more but the closing of connections, on trio's clock.
        rest: Seconds to close connections.
    """

    def __init__(self, settling: Waits) -> None:
        self.telling = Waits()
        self.closing = Waits()
        self.over = math.inf
        self.rest = math.inf
        self._settling = settling

    @property
    def begun(self) -> bool:
        """Whether it has begun."""
        return self.over < math.inf

    def begin(self, seconds: float) -> None:
        """Let the end begin now, and be over in ``seconds``. One that has begun is hurried, never put off."""
        now = trio.current_time()
        self.telling.end_by(now + TOLD * seconds)
        self.closing.end_by(now + CLOSED * seconds)
        self._settling.end_by(now + SETTLED * seconds)
        self.over = min(self.over, now + LEFT * seconds)
        self.rest = min(self.rest, (1 - LEFT) * seconds)


def cut_for(exchange: Exchange) -> GatewayError:
    """Return why an exchange was ended before its own end."""
    told = f"the request took longer than its deadline of {exchange.deadline - exchange.started:g} s"
    return exchange.interruption or DeadlineExceeded(told)


def outcome_for_caller(exchange: Exchange) -> State:
    """Say how an exchange ended whose block has run; one that left a stream before its end has cancelled it."""
    if exchange.error is not None:
        return State.FAILED
    streaming = exchange.reply is not None and exchange.reply.stream is not None
    return State.CANCELLED if streaming and not exchange.complete else State.OK

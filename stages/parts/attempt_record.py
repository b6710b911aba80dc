"""What is known of one attempt, told to the exchange and to the target's breaker, however the attempt ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import trio

from sluicegate.pipeline.breaker import Breaker, BreakerState, Ticket
from sluicegate.pipeline.errors import Fault, GatewayError, UpstreamError, UpstreamRefused
from sluicegate.pipeline.exchange import Attempt, Exchange, Target
from sluicegate.pipeline.pricing import Price, cost_of
from sluicegate.pipeline.reply import Usage

from .failure import naming

T = TypeVar("T")
Given = TypeVarTuple("Given")

Spared = Callable[[GatewayError, float], bool]
Pricing = Callable[[], Price | None]


def _unpriced() -> None:
    return None


log = logging.getLogger("sluicegate.stages.call")


class AttemptRecord:
    """An attempt under way. It must end in one of `succeeded`, `failed` and `abandoned`; the first one counts.

    Args:
        spared: Told of a failure, says whether the breaker is to hear nothing of it.
        pricing: Returns what the target costs now.
    """

    def __init__(
        self,
        exchange: Exchange,
        target: Target,
        breaker: Breaker,
        ticket: Ticket,
        spared: Spared | None = None,
        pricing: Pricing = _unpriced,
    ) -> None:
        self.exchange = exchange
        self.attempt = Attempt(target, trio.current_time())
        self._breaker = breaker
        self._ticket = ticket
        self._spared = spared
        self._pricing = pricing
        exchange.attempts.append(self.attempt)

    def committed(self, *, content: bool) -> None:
        """Note that the client's answer is this attempt's from now on, and whether its first content is there."""
        now = trio.current_time()
        if content:
            self.attempt.first_content = now
        self.serves()
        # A half-open breaker waits for this one call; content is proof enough, and the rest may take minutes. What
        # becomes of the rest counts for the closed breaker.
        if self._breaker.state(now) is BreakerState.HALF_OPEN:
            self._breaker.succeeded(self._ticket)
            if self._breaker.state(now) is BreakerState.CLOSED:
                self._ticket = self._breaker.admit(now) or self._ticket

    def serves(self) -> None:
        """Note that this attempt's target is the one that answers."""
        self.exchange.notes["provider"] = self.attempt.target.provider
        self.exchange.notes["model"] = self.attempt.target.model

    def spent(self, usage: Usage) -> None:
        """Note what the attempt has used, which is what the exchange has, since only one attempt answers."""
        self.exchange.usage = usage
        self.wasted(usage)

    def wasted(self, usage: Usage) -> None:
        """Note what an attempt has used that does not answer: it is paid for all the same."""
        self.attempt.usage = usage
        self.attempt.cost = cost_of(self._pricing(), usage)

    def sense(self, translate: Callable[[*Given], T], *given: *Given) -> T:
        """Return a translation of what the provider sent; what the translation trips over is the provider's fault."""
        try:
            return translate(*given)
        except Exception as error:
            told = self.blamed(error)
            raise told from told.__cause__

    def blamed(self, error: Exception) -> GatewayError:
        """Return an error of a translation itself, or one for the provider that has it as its cause."""
        if isinstance(error, GatewayError):
            return error
        told = UpstreamError(f"provider {self.attempt.target.provider!r} sent what makes no sense")
        told.__cause__ = error
        return told

    def succeeded(self) -> None:
        """The attempt came to its own end."""
        if self._end():
            self._breaker.succeeded(self._ticket)

    def failed(self, error: GatewayError) -> GatewayError:
        """Note that the attempt failed; the error says whose fault it is. Return the error as it is to be told."""
        told = naming(self.attempt.target.provider, error)
        if self._end():
            self.attempt.error = told
            now = trio.current_time()
            if self._spared is not None and self._spared(told, now):
                self._breaker.abandoned(self._ticket)
            else:
                self._breaker.failed(self._ticket, told, now)
                self._complain(told)
        return told

    def abandoned(self) -> None:
        """The attempt was given up for no reason of its own."""
        if self._end():
            self._breaker.abandoned(self._ticket)

    def _end(self) -> bool:
        if self.attempt.ended is not None:
            return False
        self.attempt.ended = trio.current_time()
        return True

    def _complain(self, error: GatewayError) -> None:
        """Log what the provider is to blame for: failover may hide it from all others. The breaker bounds the lines."""
        if error.fault is Fault.UPSTREAM:
            level = logging.ERROR if isinstance(error, UpstreamRefused) else logging.WARNING
            took = trio.current_time() - self.attempt.started
            target = self.attempt.target
            log.log(level, "exchange %s: %s: %s, %.3f s: %s", self.exchange.id, target, error.code, took, error.message)

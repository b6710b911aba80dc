"""What a stage is: something that judges an exchange, or waits with it.

A stage has ``judge``, ``attend``, or both:

* ``judge(exchange) -> Verdict`` is synchronous and takes microseconds; it runs in the stage's own worker.
* ``attend(exchange) -> Verdict`` may wait; it runs in the request's own task, under the request's one cancel scope,
  after the worker took one of the stage's permits for it.

With both, ``judge`` decides for each exchange and returns ``Verdict.WAIT`` to ask for ``attend``. A stage refuses by
raising a GatewayError, and answers by setting ``exchange.reply`` and returning ``Verdict.REPLY``. It may leave
resources open on ``exchange.stack``, but never a cancel scope or a nursery.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from .exchange import Exchange


class Verdict(Enum):
    """What a stage says of an exchange."""

    PASS = "pass"
    WAIT = "wait"
    REPLY = "reply"


class Lane(Enum):
    """When a stage runs.

    REQUEST: on the way up, as far as `call`. REPLY: on every reply or error, before its first byte leaves. SETTLE: on
    every exchange exactly once, after it has ended, however it ended.
    """

    REQUEST = "request"
    REPLY = "reply"
    SETTLE = "settle"


@runtime_checkable
class JudgingStage(Protocol):
    """A stage that decides at once."""

    def judge(self, exchange: Exchange) -> Verdict:
        """Decide what happens to the exchange. Not a checkpoint."""
        ...


@runtime_checkable
class WaitingStage(Protocol):
    """A stage that waits in the request's own task."""

    async def attend(self, exchange: Exchange) -> Verdict:
        """Do the waiting, then decide. A checkpoint."""
        ...


Stage = JudgingStage | WaitingStage

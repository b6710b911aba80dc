"""A circuit breaker: leaves a failing target alone for a while, then lets one call find out.

Pure: it is told the time, and never waits. Only faults of the target count; the error says whose fault it is.

::

    CLOSED    -- faults in a row reach the limit --> OPEN
    OPEN      -- the recovery time is over --------> HALF_OPEN
    HALF_OPEN -- the one probe succeeds -----------> CLOSED
    HALF_OPEN -- the one probe fails --------------> OPEN

Every call holds the ticket of the period it was admitted in, and its outcome counts in that period only: a call from
before the opening that ends late, well or badly, neither closes the breaker nor keeps it open for longer, nor takes the
place of the probe.
"""

from __future__ import annotations

from enum import Enum

from .config.sections import BreakerSettings
from .errors import Fault, GatewayError


class BreakerState(Enum):
    """Closed lets all calls through, open none, half-open one at a time."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Ticket:
    """The right to make one call, from `Breaker.admit`. It stands for a period of the breaker's life."""

    __slots__ = ()


class Breaker:
    """One target's breaker. Times are seconds on one monotonic clock."""

    def __init__(self, settings: BreakerSettings) -> None:
        self._settings = settings
        self._failures = 0
        self._opened: float | None = None
        # The ticket whose outcomes count: while closed, that of all calls; else that of the probe, if one is under way.
        self._current: Ticket | None = Ticket()

    def state(self, now: float) -> BreakerState:
        """Return the state at ``now``."""
        if self._opened is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self._opened + self._settings.recovery else BreakerState.HALF_OPEN

    @property
    def failures(self) -> int:
        """Faults in a row so far."""
        return self._failures

    def retry_after(self, now: float) -> float:
        """Return the seconds until a probe may start; 0 from then on, also while one is under way."""
        if self._opened is None:
            return 0.0
        return max(0.0, self._opened + self._settings.recovery - now)

    def admit(self, now: float) -> Ticket | None:
        """Return a ticket if a call may start at ``now``, else None.

        The call must end in one of `succeeded`, `failed` and `abandoned`. After one of the first two, `abandoned` has
        no effect, so that it may stand in a ``finally``.
        """
        if self._opened is None:
            return self._current
        if self._current is not None or self.state(now) is BreakerState.OPEN:
            return None
        self._current = Ticket()
        return self._current

    def succeeded(self, ticket: Ticket) -> None:
        """Note that a call came to its end: the target is well."""
        if ticket is not self._current:
            return
        self._failures = 0
        if self._opened is not None:
            self._opened = None
            self._current = Ticket()

    def failed(self, ticket: Ticket, error: GatewayError, now: float) -> None:
        """Note that a call failed at ``now``; it counts if the fault is the target's."""
        if error.fault is not Fault.UPSTREAM:
            self.abandoned(ticket)
            return
        if ticket is not self._current:
            return
        self._failures += 1
        if self._opened is not None or self._failures >= self._settings.failures:
            self._opened = now
            self._current = None

    def abandoned(self, ticket: Ticket) -> None:
        """Note that a call ended without telling anything of the target, such as by the client leaving."""
        if ticket is self._current and self._opened is not None:
            self._current = None

"""A circuit breaker: leaves a failing target alone for a while, then lets a few calls find out.

Pure: it is told the time, and never waits. Only faults of the target count; the error says whose fault it is.

::

    CLOSED    -- faults in a row, or their share, reach the limit --> OPEN
    OPEN      -- the recovery time is over ------------------------> HALF_OPEN
    HALF_OPEN -- as many probes as are wanted succeed -------------> CLOSED
    HALF_OPEN -- one probe fails ----------------------------------> OPEN

Every call holds the ticket of the period it was admitted in, and its outcome counts in that period only: a call from
before the opening that ends late, well or badly, neither closes the breaker nor keeps it open for longer, nor takes the
place of a probe.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

from .config.sections import BreakerSettings
from .errors import Fault, GatewayError

SLICES = 10
"""Parts of a window. What is older than it goes by these parts, so it looks back a tenth further at most."""


class BreakerState(Enum):
    """Closed lets all calls through, open none, half-open a few at a time."""

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
        self._lately = Lately(settings.window)
        self._opened: float | None = None
        self._period = Ticket()
        """While closed, that of all calls."""
        self._probes: set[Ticket] = set()
        """While half-open, those of the calls that find out."""
        self._recovered = 0

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
            return self._period
        wanted = self._settings.half_open_calls - self._recovered
        if len(self._probes) >= wanted or self.state(now) is BreakerState.OPEN:
            return None
        probe = Ticket()
        self._probes.add(probe)
        return probe

    def succeeded(self, ticket: Ticket, now: float) -> None:
        """Note that a call came to its end at ``now``: the target is well."""
        if ticket in self._probes:
            self._probes.remove(ticket)
            self._recovered += 1
            if self._recovered >= self._settings.half_open_calls:
                self._close()
        elif ticket is self._period and self._opened is None:
            self._failures = 0
            if self._settings.failure_rate:
                self._lately.add(now, failed=False)

    def failed(self, ticket: Ticket, error: GatewayError, now: float) -> None:
        """Note that a call failed at ``now``; it counts if the fault is the target's."""
        if error.fault is not Fault.UPSTREAM:
            self.abandoned(ticket)
        elif ticket in self._probes:
            self._failures += 1
            self._open(now)
        elif ticket is self._period and self._opened is None:
            self._failures += 1
            if self._failures >= self._settings.failures or self._fails_too_often(now):
                self._open(now)

    def abandoned(self, ticket: Ticket) -> None:
        """Note that a call ended without telling anything of the target, such as by the client leaving."""
        self._probes.discard(ticket)

    def _fails_too_often(self, now: float) -> bool:
        settings = self._settings
        if not settings.failure_rate:
            return False
        self._lately.add(now, failed=True)
        calls, faults = self._lately.counts(now)
        return calls >= settings.minimum_calls and faults >= settings.failure_rate * calls

    def _open(self, now: float) -> None:
        self._opened = now
        self._probes.clear()
        self._recovered = 0

    def _close(self) -> None:
        self._opened = None
        self._failures = 0
        self._period = Ticket()
        self._probes.clear()
        self._recovered = 0
        self._lately = Lately(self._settings.window)


class Lately:
    """Counts calls, and those that failed, in the last so many seconds."""

    def __init__(self, window: float) -> None:
        self._length = window / SLICES
        self._slices: deque[tuple[int, int, int]] = deque(maxlen=SLICES + 1)
        """Number of the slice, calls and faults in it; the latest last."""

    def add(self, now: float, *, failed: bool) -> None:
        """Count a call that ended at ``now``."""
        number = int(now // self._length)
        calls = faults = 0
        if self._slices and self._slices[-1][0] == number:
            _, calls, faults = self._slices.pop()
        self._slices.append((number, calls + 1, faults + failed))

    def counts(self, now: float) -> tuple[int, int]:
        """Return how many calls ended in the window, and how many of them failed."""
        oldest = int(now // self._length) - SLICES
        counted = [(calls, faults) for number, calls, faults in self._slices if number >= oldest]
        return sum(calls for calls, _ in counted), sum(faults for _, faults in counted)

"""Clocks that skip the time in which nothing happens, so that a day of traffic takes seconds and limits mean the same.

trio's own `MockClock` takes a thread that is at work for nothing that happens, and jumps; these wait for it.
"""

from __future__ import annotations

from time import perf_counter

import trio

WHILE_THREADS_WORK = 0.05
"""Seconds after which to look again whether a thread is done; the end of one wakes trio anyway."""


class SkippingClock(trio.abc.Clock):
    """Time stands still while anything is at work, and jumps to the next deadline when nothing is.

    So what happens at which moment is the same in every run, however slow the machine.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._threads: trio.CapacityLimiter | None = None

    def start_clock(self) -> None:
        """Do nothing: trio calls it when it starts."""

    def current_time(self) -> float:
        """Return the time in seconds, from 0 on."""
        return self._now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Jump to the deadline and return 0; while threads are at work, wait for them instead."""
        if self._threads is None:
            self._threads = trio.to_thread.current_default_thread_limiter()
        if self._threads.borrowed_tokens:
            return WHILE_THREADS_WORK
        if deadline == float("inf"):
            return deadline
        self.skip_to(deadline)
        return 0.0

    def skip_to(self, deadline: float) -> None:
        """Let it be that time, unless it is later."""
        self._now = max(self._now, deadline)


class WorkingClock(SkippingClock):
    """The same, but work takes the time that it takes: what is measured by it is this machine's."""

    def current_time(self) -> float:
        """Return the seconds of work so far, and of what was skipped."""
        return self._now + perf_counter()

    def start_clock(self) -> None:
        """Begin at 0."""
        self._now = -perf_counter()

    def skip_to(self, deadline: float) -> None:
        """Let it be that time, unless it is later."""
        self._now += max(0.0, deadline - self.current_time())

"""Locks between the processes of one host, one for each stripe of a file: byte-range locks of POSIX.

The kernel gives a lock back when the process that has it dies, however it dies. These locks belong to processes: two
threads of one process do not keep each other out, and closing any descriptor of the file gives them back. So a process
uses them from one thread, and neither waits nor opens or closes anything in between.

https://man7.org/linux/man-pages/man2/fcntl_locking.2.html
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Collection, Iterable

from .table import MAX_STRIPES, Place

PATIENCE = 0.2
"""Seconds that a lock is waited for. It is held for microseconds, and, on a crowded machine, while its process has no
turn."""
RESPITE = 10.0
"""Seconds in which a stripe that was waited for in vain is not waited for again, unless it is found free."""

log = logging.getLogger("sluicegate.stores")


class Stripes:
    """The locks of the file ``descriptor``, which has to be open for writing. Stripe number n is its byte n.

    A process that is stopped while it has a lock (by SIGSTOP, or a debugger) must not stop all others. So after
    ``patience`` seconds they go on without it: what a lock protects must survive that.
    """

    def __init__(self, descriptor: int, patience: float = PATIENCE) -> None:
        self._descriptor = descriptor
        self._patience = patience
        self._vain: dict[int, float] = {}
        """Stripes that were waited for in vain, and until when they are not waited for again."""

    def take(self, stripes: Iterable[int]) -> None:
        """Lock stripes, which must be in ascending order, lest two processes wait for each other. Not a checkpoint.

        It blocks the thread while other processes have them, as long as there is patience. Call `give` however it ends.
        """
        for stripe in stripes:
            if not self._try(stripe):
                self._wait(stripe)
            elif self._vain:
                self._vain.pop(stripe, None)  # whoever had it goes on

    def give(self) -> None:
        """Unlock all stripes that this process has; what lies behind them has locks of its own (`Lanes`)."""
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, MAX_STRIPES)

    def _try(self, stripe: int) -> bool:
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, stripe)
        except (BlockingIOError, PermissionError):  # which of them is up to the system
            return False
        return True

    def _wait(self, stripe: int) -> None:
        """Try again and again, and let others run in between: a lock that waits by itself knows no time limit."""
        now = time.monotonic()
        if now < self._vain.get(stripe, 0.0):
            return
        while not self._try(stripe):
            if time.monotonic() - now > self._patience:
                log.warning("counting without a lock: another process has held it for over %g s", self._patience)
                self._vain[stripe] = time.monotonic() + RESPITE
                return
            os.sched_yield()


def ascending(places: Iterable[Place]) -> Collection[int]:
    """Return the stripes of some places as `Stripes.take` wants them."""
    stripes = {place.stripe for place in places}
    return sorted(stripes) if len(stripes) > 1 else stripes

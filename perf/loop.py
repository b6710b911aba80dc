"""An event loop of sockets and timers, for what measures and must cost little itself: a wake takes some 3 us.

It is one thread without tasks. Handlers run to their end and must not wait; what they raise ends the loop.
"""

from __future__ import annotations

import heapq
import select
import selectors
import socket
import time
from collections.abc import Callable
from itertools import count

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE
Handler = Callable[[int], None]
"""Takes READ, WRITE or both: what the socket is ready for."""
FINE = 0.05
"""Seconds: a wait this short is worth a second call of the system to end at the microsecond."""


class Loop:
    """Calls handlers when sockets are ready and times have come.

    Attributes:
        clock: The time, in seconds from anywhere.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self._selector = selectors.DefaultSelector()
        # epoll rounds its waits up to milliseconds. It can itself be waited for, by select, which does not; but select
        # only knows low descriptors, so the loop should be made before many are open.
        fileno: Callable[[], int] | None = getattr(self._selector, "fileno", None)
        self._coarse = fileno() if fileno is not None and isinstance(self._selector, _Epoll) else None
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._running = False

    def watch(self, sock: socket.socket | int, events: int, handler: Handler) -> None:
        """Call a handler whenever the socket is ready for one of these."""
        self._selector.register(sock, events, handler)

    def change(self, sock: socket.socket, events: int, handler: Handler) -> None:
        """Watch a socket for something else."""
        self._selector.modify(sock, events, handler)

    def forget(self, sock: socket.socket) -> None:
        """Watch a socket no longer. It must still be open."""
        self._selector.unregister(sock)

    def at(self, when: float, call: Callable[[], None]) -> None:
        """Call something once this time has come. It cannot be taken back: the call itself must see if it is late."""
        heapq.heappush(self._timers, (when, next(self._order), call))

    def stop(self) -> None:
        """Let `run` return after the handlers that are due."""
        self._running = False

    def run(self) -> None:
        """Call handlers until one of them stops the loop."""
        self._running = True
        clock, timers = self.clock, self._timers
        while self._running:
            timeout = None
            if timers:
                timeout = timers[0][0] - clock()
                if 0 < timeout < FINE and self._coarse is not None:
                    select.select([self._coarse], (), (), timeout)
                    timeout = 0
            for key, events in self._selector.select(timeout):
                key.data(events)
            if timers and timers[0][0] <= (now := clock()):
                while timers and timers[0][0] <= now:
                    heapq.heappop(timers)[2]()

    def close(self) -> None:
        """Give the selector back. The sockets stay as they are."""
        self._selector.close()


_Epoll: type = getattr(selectors, "EpollSelector", type(None))

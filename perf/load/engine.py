"""Sends load over sockets, in one thread: a request takes some 20 us, so that the engine may share a core.

* Open loop: requests are sent at their times, whatever the answers do. They go over idle connections, or over new ones,
  up to a limit; where that is reached they wait, and their waiting counts.
* Closed loop: each connection sends when it has its answer, which finds out how much a server can do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..loop import Loop
from .client import Client
from .events import Events
from .measurement import Measurement
from .shots import Timed
from .target import Target

TIMEOUT = "timeout"
SWEEP = 0.25
"""Seconds between two looks for requests that take too long."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How a run goes.

    Attributes:
        closed: Whether each connection sends as soon as it can, in place of at the times of the requests.
        connections: All of them in a closed loop, the most of them in an open one.
        timeout: Seconds after which a request that was sent has failed.
        seconds: No request is sent later than this after the beginning; None for all of them.
    """

    closed: bool
    connections: int
    timeout: float = 60.0
    seconds: float | None = None


class Engine:
    """Runs one load.

    Args:
        target: Where it goes.
        timed: The requests in order; nothing is taken from it before its time.
        rules: How it goes.
        measurement: What is to be filled.
        tick: Called some four times a second with the measurement so far.
    """

    def __init__(
        self,
        target: Target,
        timed: Iterator[Timed],
        rules: Rules,
        measurement: Measurement,
        tick: Callable[[Measurement], None] | None = None,
    ) -> None:
        self.target = target
        self.measurement = measurement
        self.loop = Loop()
        self._timed = timed
        self._rules = rules
        self._tick = tick
        self._next: Timed | None = None
        self._idle: list[Client] = []
        self._clients: list[Client] = []
        self._busy = 0
        self._waits = False

    def run(self) -> Measurement:
        """Send all and wait for the answers; Ctrl-C ends it early, with what was measured so far."""
        measured, loop = self.measurement, self.loop
        measured.begun = loop.clock()
        try:
            self._take()
            loop.at(measured.begun, self._start)
            loop.at(measured.begun + SWEEP, self._sweep)
            loop.run()
        except KeyboardInterrupt:
            measured.interrupted = True
        finally:
            measured.ended = loop.clock()
            measured.unfinished = self._busy
            for client in self._clients:
                client.close()
            loop.close()
        return measured

    def finished(self, client: Client, error: str | None, events: Events | None) -> None:
        """Take the end of a client's request, and give it the next."""
        now, measured = self.loop.clock(), self.measurement
        client.shot = None
        self._busy -= 1
        if error is not None:
            measured.failed(client.intended, error)
        elif events is None:
            measured.answered(client.intended, now)
        else:
            measured.answered(client.intended, now, first=events.first_content, chunks=events.chunks)
        self._idle.append(client)
        if self._rules.closed or self._waits:
            self._waits = False
            self._send_due()
        if not self._busy and self._next is None:
            self.loop.stop()

    def _start(self) -> None:
        self._send_due()
        if not self._busy and self._next is None:
            self.loop.stop()

    def _take(self) -> None:
        """Take the next request, unless the time for sending is over."""
        self._next = next(self._timed, None)
        if self._next is not None and self._rules.seconds is not None:
            at = self.loop.clock() - self.measurement.begun if self._rules.closed else self._next.at
            if at >= self._rules.seconds:
                self._next = None

    def _send_due(self) -> None:
        """Send all requests whose time has come, as far as there are connections."""
        now = self.loop.clock()
        while self._next is not None:
            timed = self._next
            intended = now if self._rules.closed else self.measurement.begun + timed.at
            if intended > now:
                self.loop.at(intended, self._send_due)
                return
            client = self._client()
            if client is None:
                self._waits = True
                return
            self._take()
            self._busy += 1
            now = self.loop.clock()
            if not self._rules.closed:
                self.measurement.sent(intended, now)
            client.send(timed.shot, intended, now)

    def _client(self) -> Client | None:
        if self._idle:
            return self._idle.pop()
        if len(self._clients) < self._rules.connections:
            client = Client(self)
            self._clients.append(client)
            return client
        return None

    def _sweep(self) -> None:
        now = self.loop.clock()
        for client in self._clients:
            if client.shot is not None and now - client.sent_at > self._rules.timeout:
                client.close()
                self.finished(client, TIMEOUT, None)
        if self._tick is not None:
            self.measurement.ended = now
            self._tick(self.measurement)
        self.loop.at(now + SWEEP, self._sweep)

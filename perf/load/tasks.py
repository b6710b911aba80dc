"""Sends load to what is asked by a function, with a task a request: the same loops and figures as over sockets."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import trio

from .engine import SWEEP, TIMEOUT, Rules
from .measurement import Measurement
from .shots import Shot, Timed


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended.

    Attributes:
        error: What went wrong, or None.
        first: When the first content of a stream came, on trio's clock.
        chunks: Of a stream.
    """

    error: str | None = None
    first: float | None = None
    chunks: int = 0


Ask = Callable[[Shot], Awaitable[Outcome]]


class TaskLoad:
    """Runs one load. Arguments are those of `Engine`, but for ``ask``, which sends one request."""

    def __init__(
        self,
        ask: Ask,
        timed: Iterator[Timed],
        rules: Rules,
        measurement: Measurement,
        tick: Callable[[Measurement], None] | None = None,
    ) -> None:
        self._ask = ask
        self._timed = timed
        self._rules = rules
        self._measurement = measurement
        self._tick = tick
        self._busy = 0

    async def run(self) -> Measurement:
        """Send all and wait for the answers; Ctrl-C ends it early, with what was measured so far. A checkpoint."""
        measured = self._measurement
        measured.begun = trio.current_time()
        async with trio.open_nursery() as watching:
            watching.start_soon(self._until_interrupted, watching.cancel_scope)
            watching.start_soon(self._ticking)
            try:
                await (self._closed() if self._rules.closed else self._open())
            finally:
                measured.ended = trio.current_time()
                measured.unfinished = self._busy
            watching.cancel_scope.cancel()
        return measured

    async def _open(self) -> None:
        free = trio.CapacityLimiter(self._rules.connections)
        async with trio.open_nursery() as nursery:
            for timed in self._timed:
                if self._rules.seconds is not None and timed.at >= self._rules.seconds:
                    break
                intended = self._measurement.begun + timed.at
                await trio.sleep_until(intended)
                # Whom the limit holds up is late, and so are those behind it: the reckoning knows when they were meant.
                place = object()
                await free.acquire_on_behalf_of(place)
                self._measurement.sent(intended, trio.current_time())
                nursery.start_soon(
                    self._one, timed.shot, intended, lambda place=place: free.release_on_behalf_of(place)
                )

    async def _closed(self) -> None:
        async def connection() -> None:
            for timed in self._timed:
                now = trio.current_time()
                if self._rules.seconds is not None and now - self._measurement.begun >= self._rules.seconds:
                    return
                await self._one(timed.shot, now, None)

        async with trio.open_nursery() as nursery:
            for _ in range(self._rules.connections):
                nursery.start_soon(connection)

    async def _one(self, shot: Shot, intended: float, release: Callable[[], None] | None) -> None:
        """Ask, and count."""
        self._busy += 1
        outcome = Outcome(TIMEOUT)
        with trio.move_on_after(self._rules.timeout):
            outcome = await self._ask(shot)
        self._busy -= 1
        if outcome.error is not None:
            self._measurement.failed(intended, outcome.error)
        else:
            now = trio.current_time()
            self._measurement.answered(intended, now, first=outcome.first, chunks=outcome.chunks)
        if release is not None:
            release()

    async def _until_interrupted(self, scope: trio.CancelScope) -> None:
        with trio.open_signal_receiver(signal.SIGINT) as signals:
            async for _ in signals:
                self._measurement.interrupted = True
                scope.cancel()

    async def _ticking(self) -> None:
        while self._tick is not None:
            await trio.sleep(SWEEP)
            self._measurement.ended = trio.current_time()
            self._tick(self._measurement)

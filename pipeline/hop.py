"""A hop: a stage's bounded inbox and its one long-lived worker.

The worker judges, and hands waiting back. Its rules:

* It never waits for a stage. ``judge`` runs right here; an exchange that must wait gets one of the stage's permits and
  goes, through its one-slot mailbox, back to its own task, the carrier, which runs ``attend`` under its cancel scope.
* It waits for two things only: an exchange in its inbox, and room: a free permit, or a place in the next inbox. That is
  backpressure; every edge points forward, so it cannot close a circle.
* An exchange may leave the lane while it stands in an inbox or while the worker waits for room for it: its client went,
  or its deadline passed. Such a ghost is known by its state alone, and dropped.
* What a stage raises ends that exchange alone. An exception of the worker itself ends the gateway.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import trio

from .errors import StageCrashed, as_gateway_error
from .exchange import Exchange, Mark
from .gauge import HopGauge
from .life import State
from .stage import JudgingStage, Lane, Stage, Verdict, WaitingStage

_ENTERS = {Lane.REQUEST: State.JUDGED, Lane.REPLY: State.REPLYING, Lane.SETTLE: None}
_GHOST_FROM = {Lane.REQUEST: State.REPLYING, Lane.REPLY: State.SENDING, Lane.SETTLE: State.SETTLED}

log = logging.getLogger("sluicegate.pipeline")

BURST = 64
"""How many exchanges a worker judges before it lets other tasks run: what it holds up is at most a few hundred
microseconds, and a full inbox cannot starve the rest of the program."""


class Hop:
    """A stage in its place: inbox, worker, permits and gauge.

    Args:
        name: The stage's name in the pipeline.
        lane: The lane it stands in.
        stage: The stage itself.
        capacity: How many exchanges the inbox holds.
        permits: How many exchanges may wait in ``attend`` at once.

    Attributes:
        after: Where an exchange goes that passes.
        on_reply: Where an exchange goes that has its reply or error.
        free_permits: How many more exchanges may wait in ``attend`` right now.
    """

    def __init__(self, name: str, lane: Lane, stage: Stage, *, capacity: int, permits: int) -> None:
        self.name = name
        self.lane = lane
        self.capacity = capacity
        self.stage = stage
        self.after: Hop | None = None
        self.on_reply: Hop | None = None
        self.judge: Callable[[Exchange], Verdict] | None = stage.judge if isinstance(stage, JudgingStage) else None
        self.attend: Callable[[Exchange], Awaitable[Verdict]] | None = (
            stage.attend if isinstance(stage, WaitingStage) else None
        )
        self._enters = _ENTERS[lane]
        self._replies = lane is Lane.REPLY
        self._ghost_from = _GHOST_FROM[lane]
        self._put, self._inbox = trio.open_memory_channel[Exchange](capacity)
        # Exchanges in the inbox, or fewer. To ask for one where there is none is dear: it takes an exception.
        self._standing = 0
        self.free_permits = permits
        self._now = trio.current_time
        self._permit_back: trio.Event | None = None
        self._gauge = HopGauge(name, lane)

    @property
    def gauge(self) -> HopGauge:
        """The hop's figures, with the inbox's depth as of now."""
        self._gauge.depth = self._inbox.statistics().current_buffer_used
        return self._gauge

    async def work(self) -> None:
        """Take exchanges from the inbox and judge them, for ever."""
        self.wind_up()
        inbox = self._inbox
        burst = 0
        while True:
            if self._standing > 0:
                exchange = inbox.receive_nowait()
            else:
                exchange = await inbox.receive()
                burst = 0
            self._standing -= 1
            burst += 1
            if burst > BURST:
                await trio.lowlevel.checkpoint()
                burst = 1
            if exchange.state >= self._ghost_from:
                self._gauge.ghosts += 1
                continue
            verdict = self._judge(exchange)
            if verdict is not Verdict.WAIT:
                onward = self.after if verdict is Verdict.PASS else self.on_reply
                if onward is None:
                    leave_request_lane(exchange)
                    give(exchange, None)
                elif not onward.take(exchange):
                    await onward.make_room_for(exchange)
            elif self.free_permits or await self._permit_for(exchange):
                self.free_permits -= 1
                exchange.permit = self
                give(exchange, self)

    def wind_up(self) -> None:
        """Read the clock of this run from now on, without asking trio each time which one that is."""
        self._now = trio.lowlevel.current_clock().current_time

    def _judge(self, exchange: Exchange) -> Verdict:
        if self.judge is None:
            return Verdict.WAIT
        started = self._now()
        if self._enters is not None and exchange.state is not self._enters:
            exchange.enter(self._enters)
        try:
            verdict = self.judge(exchange)
            if verdict is Verdict.PASS:
                self._gauge.passed += 1
            elif verdict is Verdict.WAIT:
                return verdict
            else:
                self.count(verdict)
        except Exception as error:
            self.blame(exchange, error)
            verdict = Verdict.REPLY
        self.note(exchange, started)
        return verdict

    def count(self, verdict: Verdict) -> None:
        """Count a final verdict. Raises TypeError for what is none."""
        if verdict is Verdict.PASS:
            self._gauge.passed += 1
        elif verdict is Verdict.REPLY:
            self._gauge.replied += 1
        elif verdict is Verdict.WAIT:
            raise TypeError(f"stage {self.name!r} returned Verdict.WAIT from attend, where the waiting is to be done")
        else:
            raise TypeError(f"stage {self.name!r} returned a {type(verdict).__name__} instead of a Verdict")

    def blame(self, exchange: Exchange, error: Exception) -> None:
        """Let what the stage raised end this exchange: its own refusal, or a crash."""
        told = as_gateway_error(error, f"stage {self.name!r}")
        if isinstance(told, StageCrashed):
            self._gauge.crashed += 1
            log.error("stage %s crashed on exchange %s", self.name, exchange.id, exc_info=error)
        else:
            self._gauge.refused += 1
        exchange.fail(told)

    def count_cut(self) -> None:
        """Count an exchange that left while it waited in the stage."""
        self._gauge.cut += 1

    def note(self, exchange: Exchange, started: float) -> None:
        """Write down what the stage took."""
        ended = self._now()
        mark = Mark(self.name, exchange.moved, started, ended)
        exchange.marks.append(mark)
        gauge = self._gauge
        gauge.queue.record(started - mark.queued)
        gauge.work.record(ended - started)
        exchange.moved = ended

    async def _permit_for(self, exchange: Exchange) -> bool:
        """Wait until a permit is free, and say whether the exchange still wants it. A checkpoint."""
        await self.permit_free()
        wanted = exchange.state < self._ghost_from
        if not wanted:
            self._gauge.ghosts += 1
        return wanted

    def take(self, exchange: Exchange) -> bool:
        """Put an exchange into the inbox; where that is full, return False, and `make_room_for` is to be awaited."""
        if self._replies:
            leave_request_lane(exchange)
        try:
            self._put.send_nowait(exchange)
        except trio.WouldBlock:
            return False
        self._standing += 1
        return True

    async def make_room_for(self, exchange: Exchange) -> None:
        """Wait until there is a place in the inbox, and put the exchange there. A checkpoint."""
        await self._put.send(exchange)
        self._standing += 1  # the worker may have taken it already, and have counted below zero

    def release(self, exchange: Exchange) -> None:
        """Take back the permit that the exchange holds."""
        exchange.permit = None
        self.return_permit()

    def return_permit(self) -> None:
        """Make a permit free again."""
        self.free_permits += 1
        if self._permit_back is not None:
            self._permit_back.set()

    async def permit_free(self) -> None:
        """Wait until a permit is free. Only the hop's worker takes permits: one that is seen free stays free."""
        while not self.free_permits:
            self._permit_back = trio.Event()
            await self._permit_back.wait()
        self._permit_back = None


def leave_request_lane(exchange: Exchange) -> None:
    """Say that the exchange has its reply or error, so that the REQUEST lane no longer knows it."""
    if exchange.state is not State.REPLYING:
        exchange.enter(State.REPLYING)
        require_answer(exchange)


def require_answer(exchange: Exchange) -> None:
    """Fail an exchange that has neither reply nor error."""
    if exchange.reply is None and exchange.error is None:
        exchange.fail(StageCrashed("no stage of the pipeline answered this request"))


def give(exchange: Exchange, baton: Hop | None) -> None:
    """Hand an exchange back to its carrier: with the hop to wait for, or None where the lanes are behind it."""
    mailbox = exchange.mailbox
    if mailbox is None:
        raise RuntimeError(f"exchange {exchange.id} stands in an inbox without a carrier")
    mailbox.send_nowait(baton)
    exchange.called = True

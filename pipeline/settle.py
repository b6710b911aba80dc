"""The SETTLE lane: every exchange passes it exactly once after it has ended, however it ended.

It has no carrier, since the request's own task may be gone or already serve another request. Its hops own a bounded set
of settler tasks, each with a deadline of its own, and never touch a mailbox. What cannot be settled is counted and
logged: an exchange is never lost silently.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Sequence

import trio

from .exchange import Exchange, Hook
from .hop import Hop
from .life import State
from .stage import Lane, Stage, Verdict
from .waits import Waits

log = logging.getLogger("sluicegate.pipeline")


class Hooks:
    """The first stage of the lane: calls what the stages before left in ``on_settle``, last added first.

    A hook that raises or hangs does not keep the others from their turn: a refund must not depend on a stranger's bug.

    Args:
        timeout: Seconds that each hook may wait.
        waits: Those of the lane.
    """

    def __init__(self, timeout: float, waits: Waits) -> None:
        self._timeout = timeout
        self._waits = waits

    def judge(self, exchange: Exchange) -> Verdict:
        """Call the hooks as far as they do not wait."""
        while exchange.on_settle:
            waiting = self._call(exchange.on_settle.pop(), exchange)
            if waiting is not None:
                exchange.on_settle.append(_already(waiting))
                return Verdict.WAIT
        return Verdict.PASS

    async def attend(self, exchange: Exchange) -> Verdict:
        """Call the rest of them, waiting where they wait. A checkpoint."""
        while exchange.on_settle:
            waiting = self._call(exchange.on_settle.pop(), exchange)
            if waiting is not None:
                try:
                    await self._waits.wait_for(self._timeout, waiting)
                except Exception as error:
                    _complain(exchange, error)
        return Verdict.PASS

    def _call(self, hook: Hook, exchange: Exchange) -> Awaitable[None] | None:
        try:
            return hook(exchange)
        except Exception as error:
            _complain(exchange, error)
            return None


def _already(waiting: Awaitable[None]) -> Hook:
    """Return a hook that has been called and now only has to be awaited."""
    return lambda _: waiting


def _complain(exchange: Exchange, error: Exception) -> None:
    log.error("an on_settle hook failed on exchange %s", exchange.id, exc_info=error)


class SettleHop(Hop):
    """A hop of the SETTLE lane: judges in its worker, and waits in settler tasks of its own.

    Args:
        timeout: Seconds that it may wait with one exchange; None where the stage itself sees to that.
        waits: Those of the lane.
    """

    def __init__(
        self, name: str, stage: Stage, *, capacity: int, permits: int, timeout: float | None, waits: Waits
    ) -> None:
        super().__init__(name, Lane.SETTLE, stage, capacity=capacity, permits=permits)
        self._timeout = timeout
        self._waits = waits
        self.lane_end: SettleLane | None = None

    def blame(self, exchange: Exchange, error: Exception) -> None:
        """Log what the stage raised. The exchange has ended, and its outcome stays as it was."""
        self._gauge.crashed += 1
        log.error("stage %s could not settle exchange %s", self.name, exchange.id, exc_info=error)

    async def settle(self, nursery: trio.Nursery) -> None:
        """Take ended exchanges from the inbox and settle them, for ever."""
        self.wind_up()
        inbox = self._inbox
        while True:
            # All that stand here now are settled in this turn: nobody can add to them meanwhile, and a worker that took
            # one a turn would fall behind a thousand exchanges that end in the same turn.
            exchange = inbox.receive_nowait() if self._standing > 0 else await inbox.receive()
            self._standing -= 1
            if self._judge(exchange) is not Verdict.WAIT:
                self._pass_on(exchange)
                continue
            if not self.free_permits:
                await self.permit_free()
            self.free_permits -= 1
            nursery.start_soon(self._attend, exchange)

    async def _attend(self, exchange: Exchange) -> None:
        started = trio.current_time()
        try:
            waiting = self._waiting(exchange)
            self.count(await (waiting if self._timeout is None else self._waits.wait_for(self._timeout, waiting)))
        except Exception as error:
            self.blame(exchange, error)
        finally:
            self.return_permit()
        self.note(exchange, started)
        self._pass_on(exchange)

    def _waiting(self, exchange: Exchange) -> Awaitable[Verdict]:
        if self.attend is None:
            raise TypeError(f"stage {self.name!r} asked to wait but has no attend")
        return self.attend(exchange)

    def _pass_on(self, exchange: Exchange) -> None:
        if self.lane_end is not None:
            self.lane_end.take(exchange, self.after)


class SettleLane:
    """All hops of the lane, in order.

    Args:
        hops: In the order of the pipeline.
        waits: All waiting in the lane. Where it is cut at their end, the exchange goes on to the next hop.

    Attributes:
        settled: Exchanges that went through the whole lane.
        lost: Exchanges that found an inbox full, or were still on their way when the lane ended.
        pending: Exchanges on their way through it.
    """

    def __init__(self, hops: Sequence[SettleHop], waits: Waits) -> None:
        self.hops = hops
        self.waits = waits
        self.settled = 0
        self.lost = 0
        self.pending = 0
        self._idle = trio.Event()
        self._idle.set()
        for hop, after in zip(hops, [*hops[1:], None], strict=True):
            hop.after = after
            hop.lane_end = self

    def start(self, exchange: Exchange) -> None:
        """Begin to settle an exchange that has ended. Never waits."""
        if not self.pending:
            self._idle = trio.Event()
        self.pending += 1
        exchange.moved = trio.current_time()
        self.take(exchange, self.hops[0])

    def take(self, exchange: Exchange, hop: Hop | None) -> None:
        """Put the exchange before ``hop``, or, after the last one, end its life."""
        if hop is not None:
            if hop.take(exchange):
                return
            self._lose(exchange, hop)
        else:
            exchange.enter(State.SETTLED)
            self.settled += 1
        self.pending -= 1
        if not self.pending:
            self._idle.set()

    def _lose(self, exchange: Exchange, hop: Hop) -> None:
        self.lost += 1
        # Every power of two: a flood of lost exchanges must not become a flood of lines.
        if self.lost & (self.lost - 1) == 0:
            log.error("exchange %s is not settled: the inbox of %s is full; %d lost", exchange.id, hop.name, self.lost)

    async def run(self) -> None:
        """Run every hop and its settlers, for ever."""
        try:
            async with trio.open_nursery() as nursery:
                for hop in self.hops:
                    nursery.start_soon(hop.settle, nursery, name=f"settle {hop.name}")
        finally:
            if self.pending:
                self.lost += self.pending
                log.error("%d exchanges are not settled: the gateway has ended; %d lost", self.pending, self.lost)

    async def idle(self) -> None:
        """Wait until nothing is on its way through the lane. A checkpoint."""
        await self._idle.wait()

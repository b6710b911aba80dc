"""The gateway: admits exchanges, carries them, hands out their replies, lets none end untold or unsettled."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from .arrivals import Arrivals
from .carrier import Flow, carry, carry_error
from .closing import close_held
from .config.sections import ServerSettings
from .ending import ENDING, Ending, cut_for, outcome_for_caller, shutting_down
from .errors import ClientGone, GatewayError, Overloaded, as_gateway_error
from .exchange import Exchange
from .gauge import HopGauge
from .life import State
from .mailboxes import Mailboxes
from .outlet import Outlet
from .request import Request
from .resources import Resources
from .topology import Topology

GRACE = 1.0
"""Seconds to tell a client of an error when the request's own time is over."""


class Gateway:
    """The running pipeline.

    Args:
        topology: The hops.
        settings: What is admitted, and for how long.
        resources: What the stages share; for those who look in from outside.

    Attributes:
        arrivals: Requests whose bodies are still coming, as far as the edge tells.
    """

    def __init__(self, topology: Topology, settings: ServerSettings, resources: Resources) -> None:
        self.topology = topology
        self.settings = settings
        self.resources = resources
        self.ready = False
        self.draining = False
        self.overloads = 0
        self._mailboxes = Mailboxes(settings.max_in_flight)
        self._open: set[Exchange] = set()
        self.arrivals = Arrivals(self._tell_if_empty)
        self._closed_at = -math.inf
        self._empty = trio.Event()
        self._settling = trio.CancelScope(shield=True)
        self._storing = trio.CancelScope(shield=True)
        self._ending = Ending(topology.settle.waits)

    @property
    def in_flight(self) -> int:
        """Exchanges admitted and not ended."""
        return len(self._open)

    def gauges(self) -> list[HopGauge]:
        """Return the figures of every hop, in order."""
        return self.topology.gauges()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run the workers, for ever. If one of them dies, so does this, loudly.

        At its end, what is still under way is told so, all is settled and every connection closed, within ENDING
        seconds, or what `drain` has left of its own. A checkpoint.
        """
        async with trio.open_nursery() as nursery:
            for hop in self.topology.hops:
                nursery.start_soon(hop.work, name=f"hop {hop.name}")
            nursery.start_soon(self._settle, name="settle lane")
            nursery.start_soon(self._keep_stores, name="stores")
            nursery.start_soon(self.resources.keep_fresh, name="keep fresh")
            nursery.start_soon(self.resources.ledger.run, name="ledger")
            self.ready = True
            try:
                task_status.started()
                await trio.sleep_forever()
            finally:
                self.ready = False
                with trio.CancelScope(shield=True):
                    await self._finish(ENDING)
                self._settling.cancel()
                self._storing.cancel()
                with trio.CancelScope(shield=True, deadline=trio.current_time() + self._ending.rest):
                    await self.resources.aclose()

    async def _keep_stores(self) -> None:
        # What settles gives back what it has taken, and so needs the stores until its end.
        with self._storing:
            await self.resources.keep_stores()

    async def _settle(self) -> None:
        # Whatever cancels the workers also cancels requests, and those must still be settled.
        with self._settling:
            await self.topology.settle.run()

    def exchange(self, request: Request, started: float | None = None) -> Exchange:
        """Return a new exchange for a request; its one deadline runs from ``started`` on trio's clock, or from now."""
        if started is None:
            started = trio.current_time()
        timeout = self.settings.timeout
        if request.timeout is not None:
            timeout = min(timeout, request.timeout)
        exchange = Exchange(request, deadline=started + timeout, started=started)
        if request.upload is not None:
            exchange.stack.callback(request.upload.close)
        return exchange

    async def serve(self, exchange: Exchange, outlet: Outlet) -> None:
        """Take an exchange through its whole life, in the calling task. A checkpoint.

        Every way to end is told to the client through ``outlet``, but one: that the client is gone, which the edge says
        by interrupting the exchange with ClientGone, or by cancelling this call.
        """
        outcome = State.CANCELLED
        try:
            admitted = self._admit(exchange)
            with exchange.scope:
                if admitted:
                    await carry(exchange)
                await self._deliver(exchange, outlet)
            if exchange.scope.cancelled_caught:
                if isinstance(exchange.interruption, ClientGone):
                    raise exchange.interruption
                await self._conclude(exchange, outlet)
            outcome = State.OK if exchange.error is None else State.FAILED
        except ClientGone as gone:
            exchange.fail(gone)
        except Exception as error:
            exchange.fail(as_gateway_error(error, "the way out"))
            outcome = State.FAILED if exchange.state is State.SENDING else State.CANCELLED
            raise
        finally:
            await self._end(exchange, outcome)

    async def ask(self, request: Request) -> Exchange:
        """Return the exchange of a request once its whole answer is there. A checkpoint.

        Raises:
            GatewayError: What went wrong, as itself.
        """
        exchange = self.exchange(request)
        async with self._bringing(exchange):
            pass
        return exchange

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Flow]:
        """Return the chunks of a request's answer as they come, for as long as the block runs. A checkpoint.

        Leaving the block ends the upstream call.

        Raises:
            GatewayError: What went wrong, as itself; also in the middle of the stream.
        """
        exchange = self.exchange(request)
        async with self._bringing(exchange):
            yield Flow(exchange)

    @asynccontextmanager
    async def _bringing(self, exchange: Exchange) -> AsyncIterator[None]:
        """Carry an exchange for a caller in this program; the block uses its reply."""
        outcome = State.CANCELLED
        try:
            if not self._admit(exchange):
                exchange.enter(State.SENDING)
                raise exchange.failure
            with exchange.scope:
                await carry(exchange)
                exchange.enter(State.SENDING)
                if exchange.error is not None:
                    raise exchange.error
                yield
                outcome = outcome_for_caller(exchange)
            if exchange.scope.cancelled_caught:
                await self._cut(exchange)
                raise exchange.failure
        except GatewayError as error:
            exchange.fail(error)
            outcome = State.FAILED
            raise
        finally:
            await self._end(exchange, outcome)

    def _admit(self, exchange: Exchange) -> bool:
        """Let the exchange in, or fail it at once: a full gateway does not queue."""
        limit = self.settings.max_in_flight
        if self.draining and (exchange.started >= self._closed_at or self._ending.begun):
            refusal = Overloaded("the gateway is ending and takes no new requests", code="draining", retry_after=1.0)
        elif not self.ready:
            refusal = Overloaded("the gateway is not ready yet", code="not_ready", retry_after=1.0)
        elif len(self._open) < limit and self._enqueue(exchange):
            return True
        else:
            self.overloads += 1
            refusal = Overloaded(f"the gateway has {limit} requests under way, its limit", retry_after=1.0)
        exchange.fail(refusal)
        exchange.enter(State.REPLYING)
        # A refused client that does not read must not stay for as long as an admitted one may.
        exchange.scope.deadline = trio.current_time() + GRACE
        return False

    def _enqueue(self, exchange: Exchange) -> bool:
        """Put the exchange into the front inbox. It can be full of exchanges that ended while they stood there."""
        exchange.moved = trio.current_time()
        if not self.topology.front.take(exchange):
            return False
        self._open.add(exchange)
        self._mailboxes.lend(exchange)
        return True

    async def _deliver(self, exchange: Exchange, outlet: Outlet) -> None:
        exchange.enter(State.SENDING)
        await outlet.open(exchange)
        if exchange.error is not None or exchange.reply is None or exchange.reply.stream is None:
            return
        flow = Flow(exchange)
        while True:
            try:
                batch = await flow.__anext__()
            except StopAsyncIteration:
                break
            except GatewayError as error:
                exchange.fail(error)
                break
            await outlet.send(batch)
        await outlet.close(exchange)

    async def _conclude(self, exchange: Exchange, outlet: Outlet) -> None:
        """Tell the client why its exchange was cut short."""
        await self._cut(exchange)
        with self._ending.telling.within(GRACE):
            await outlet.close(exchange)

    async def _cut(self, exchange: Exchange) -> None:
        """Take an exchange whose time is over to SENDING, with the reason as its error."""
        exchange.fail(cut_for(exchange))
        if exchange.state is not State.SENDING:
            with self._ending.telling.within(GRACE):
                await carry_error(exchange, self.topology)
            if exchange.state is State.REPLYING:
                exchange.enter(State.SENDING)

    async def _end(self, exchange: Exchange, outcome: State) -> None:
        """Set the outcome, close what is open, and hand the exchange to the SETTLE lane. Shielded, and short."""
        exchange.end(outcome, trio.current_time())
        if exchange.permit is not None:
            exchange.permit.release(exchange)
        self._mailboxes.take_back(exchange)
        await close_held(exchange, self._ending.closing)
        self._open.discard(exchange)
        self._tell_if_empty()
        self.topology.settle.start(exchange)

    def _tell_if_empty(self) -> None:
        if not self._open and not self.arrivals:
            self._empty.set()

    async def drain(self, patience: float, *, ending: float = ENDING) -> None:
        """Take no new exchanges, wait for those under way, end the rest with an error, and settle all. A checkpoint.

        A request whose head has come is under way, also while its body is still coming.

        Args:
            patience: Seconds to wait, also for settling, before the rest is ended.
            ending: Seconds for all that comes after: telling clients, settling, and, once `run` is cancelled, closing
                connections. What hangs is cut in time for that.
        """
        if not self.draining:
            self.draining, self._closed_at = True, trio.current_time()
        with trio.move_on_after(patience):
            await self._until_empty()
            await self.topology.settle.idle()
        await self._finish(ending)

    async def _finish(self, seconds: float) -> None:
        """End what is under way with an error, and settle all. A checkpoint."""
        self._ending.begin(seconds)
        for exchange in self._open:
            exchange.interrupt(shutting_down())
        self.arrivals.end()
        with trio.CancelScope(deadline=self._ending.over):
            await self._until_empty()
            await self.topology.settle.idle()

    async def _until_empty(self) -> None:
        while self._open or self.arrivals:
            if self._empty.is_set():  # another task may be waiting for this one
                self._empty = trio.Event()
            await self._empty.wait()

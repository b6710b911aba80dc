"""Gateways that take each other's place while the server runs, so that a new configuration loses no request.

New requests go to the newest. One that it has replaced serves what it has, and is then closed: it has ``server.drain``
for that, as at the end of the process. All together are what one gateway is to the server and to the admin pages: an
ASGI application, something that runs and drains, and figures that only grow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import trio

from sluicegate.adapters.telemetry.merge import NOTHING, after_its_end, merge
from sluicegate.adapters.telemetry.snapshot import Snapshot, take_snapshot
from sluicegate.pipeline.config.sections import ServerSettings
from sluicegate.pipeline.ending import ENDING
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.metrics import MAX_SERIES

from .app import agree_to_lifespan
from .asgi import App, Receive, Scope, Send

LINGERING = 8
"""Replaced gateways that still serve. One more replacement waits until the first of them has ended."""


@dataclass(eq=False, slots=True)
class _Generation:
    """One gateway, the application in front of it, and how many requests are in that."""

    gateway: Gateway
    app: App
    visits: int = 0
    running: trio.CancelScope = field(default_factory=trio.CancelScope)
    left: trio.Event = field(default_factory=trio.Event)
    ended: trio.Event = field(default_factory=trio.Event)

    def leave(self) -> None:
        """Note that a request has been answered."""
        self.visits -= 1
        if not self.visits:
            self.left.set()

    async def empty(self) -> None:
        """Wait until no request is in here. A checkpoint."""
        while self.visits:
            self.left = trio.Event()
            await self.left.wait()


class Generations:
    """The gateways of one process, all but the last of which are about to end. Make it inside a running trio program.

    Args:
        gateway: The first one.
        settings: What the server works by, for as long as it runs.
        alone: Called whenever the last one that was replaced has ended. Never waits.
    """

    def __init__(self, gateway: Gateway, settings: ServerSettings, *, alone: Callable[[], None] = lambda: None) -> None:
        self.settings = settings
        self._started = trio.current_time()
        self._now = _Generation(gateway, agree_to_nothing)
        self._lingering: dict[_Generation, None] = {}
        self._places = trio.Semaphore(LINGERING)
        self._ended = NOTHING
        self._max_series = 0
        self._leaving = False
        self._alone = alone
        self._nursery: trio.Nursery | None = None

    @property
    def gateway(self) -> Gateway:
        """The one that takes new requests."""
        return self._now.gateway

    @property
    def lingering(self) -> int:
        """How many have been replaced and have not ended."""
        return len(self._lingering)

    def open(self, app: App) -> None:
        """Put the application in front of the first gateway, which has its figures from here."""
        self._now.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request by the gateway that is the newest now. A checkpoint."""
        if scope["type"] == "lifespan":
            await agree_to_lifespan(receive, send)  # the server's, which is longer than that of any gateway
            return
        generation = self._now
        generation.visits += 1
        try:
            await generation.app(scope, receive, send)
        finally:
            generation.leave()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run the gateways, for ever. If the worker of a stage dies, so does this. A checkpoint."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            await nursery.start(self._live, self._now)
            task_status.started()

    async def _live(
        self, generation: _Generation, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        with generation.running:
            await generation.gateway.run(task_status=task_status)
        generation.ended.set()

    async def move_to(self, gateway: Gateway, app: App) -> bool:
        """Let another gateway take all requests from now on, and end the one before in the background. A checkpoint.

        It is run and closed here, also if all of them are draining, and it comes too late to take any: then this is
        False.
        """
        assert self._nursery is not None
        fresh = _Generation(gateway, app)
        await self._places.acquire()
        await self._nursery.start(self._live, fresh)
        if self._leaving:
            fresh.running.cancel()
            await fresh.ended.wait()
            self._places.release()
            return False
        old, self._now = self._now, fresh
        self._lingering[old] = None
        self._nursery.start_soon(self._see_off, old, name="replaced gateway")
        return True

    async def _see_off(self, old: _Generation) -> None:
        """Let a gateway come to its end: first what is at its door, then what it has under way, then itself."""
        over = trio.current_time() + old.gateway.settings.drain
        with trio.move_on_at(over):
            await old.empty()
        await old.gateway.drain(max(0.0, over - trio.current_time()))
        old.running.cancel()
        await old.ended.wait()
        # In one step, so that no figure ever goes back.
        self._ended = merge([self._ended, after_its_end(take_snapshot(old.gateway))], max_series=self._room())
        del self._lingering[old]
        self._places.release()
        del old
        if not self._lingering:
            self._alone()

    async def drain(self, patience: float, *, ending: float = ENDING) -> None:
        """Drain all of them at once, as `Gateway.drain` does one; none comes after that. A checkpoint."""
        self._leaving = True
        async with trio.open_nursery() as nursery:
            for one in (self._now, *self._lingering):
                nursery.start_soon(partial(one.gateway.drain, patience, ending=ending))

    async def look(self) -> Snapshot:
        """Return the figures of all, also of those that have ended. A checkpoint."""
        now = take_snapshot(self.gateway, started=self._started)
        before = [_still(take_snapshot(one.gateway)) for one in self._lingering]
        if not before and self._ended is NOTHING:
            await trio.lowlevel.checkpoint()
            return now
        return await trio.to_thread.run_sync(partial(merge, [now, self._ended, *before], max_series=self._room()))

    def _room(self) -> int:
        """Return the most series of all together: those that are configured, and twice what one has beside them."""
        # What has found a place once is never counted elsewhere.
        self._max_series = max(self._max_series, self.gateway.resources.metrics.reserved + 2 * MAX_SERIES)
        return self._max_series


def _still(snapshot: Snapshot) -> Snapshot:
    """Return the figures of a gateway that is about to end, without what only the newest one tells."""
    return replace(after_its_end(snapshot), in_flight=snapshot.in_flight, hops=snapshot.hops)


async def agree_to_nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand for the first application until that is made."""
    raise RuntimeError("a request came before there was anything to answer it")

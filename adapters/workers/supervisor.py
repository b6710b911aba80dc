"""Keeps a number of workers running, and replaces those that end.

Its rules:

* Every place has one worker. One that ends without being told to is followed by another, after a pause that grows while
  they end soon after their start.
* A replacement on purpose takes requests before the one that it replaces is told to leave: what waits to be accepted
  never waits for a worker.
* The figures of a worker that has ended are added to those of all who ended before, in the same step in which it stops
  counting as one that runs. So no total ever goes back.
* It never waits for a worker without a limit: whoever does not leave in time is killed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import trio

from sluicegate.adapters.http.orders import Order

from .employee import Employee, employ
from .post import Post
from .reread import Reread
from .restart import Backoff
from .totals import Totals

log = logging.getLogger("sluicegate.workers")

SPARE = {Order.YIELD: 2.0, Order.DRAIN: 2.0, Order.INTERRUPT: 0.1}
"""Seconds that a worker has to end as a process, beyond the time that an order gives to the gateway in it."""


@dataclass
class Place:
    """Where one worker stands. Who puts one there holds the lock."""

    worker: Employee | None = None
    backoff: Backoff = field(default_factory=Backoff)
    lock: trio.Lock = field(default_factory=trio.Lock)

    @property
    def vacant(self) -> bool:
        """Whether nobody works here."""
        return self.worker is None or self.worker.ended.is_set()


class Supervisor:
    """The workers of one gateway. Make it inside a running trio program.

    Args:
        command: What starts a worker.
        post: What each is given.
        count: How many there are to be.
        max_series: The most series of the figures of all together.
        started: Called once, when the first of them takes requests.
    """

    def __init__(
        self, command: Sequence[str], post: Post, count: int, *, max_series: int, started: Callable[[], None]
    ) -> None:
        self.post = post
        self._command = command
        self._places = [Place() for _ in range(count)]
        self._employed: set[Employee] = set()
        self._hiring = 0
        self._order: Order | None = None
        self._change = trio.Event()
        # Replaced workers that have not ended yet are at most as many as those that replaced them.
        self._yielding = trio.Semaphore(count)
        self._totals = Totals(self._employed, max_series)
        self._started: Callable[[], None] | None = started
        self._nursery: trio.Nursery | None = None
        self._wishes: dict[Employee, int] = {}
        self._wished = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep the workers running, for ever. A checkpoint."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._totals.answer)
            for place in self._places:
                nursery.start_soon(self._keep, place)
            task_status.started()

    def want_reload(self) -> None:
        """Have the configuration read anew soon. Never waits."""
        self._wished.set()

    def _wish(self, worker: Employee, number: int) -> None:
        self._wishes[worker] = number
        self.want_reload()

    async def reload_often(self, read: Callable[[], Reread]) -> None:
        """Whenever somebody wants it, read the configuration anew, tell who has asked, and replace all workers.

        However many want it during one time, it is done once more. For ever; a checkpoint.
        """
        while True:
            await self._wished.wait()
            self._wished = trio.Event()
            wishes, self._wishes = self._wishes, {}
            found = read()
            for worker, number in wishes.items():
                worker.tell_reloaded(number, found.told)
            if found.post is not None:
                await self.replace_all(found.post, max_series=found.max_series)

    async def _keep(self, place: Place) -> None:
        """See to it that there is a worker in a place."""
        while self._order is None:
            async with place.lock:
                if place.vacant:
                    place.worker = await self._hire()
            worker = place.worker
            lived, said = 0.0, "could not be started"
            if worker is not None:
                await worker.ended.wait()
                lived, said = trio.current_time() - worker.started, f"{worker.process.pid} {worker.end_in_words()}"
            if worker is place.worker and self._order is None:
                pause = place.backoff.pause(lived)
                log.error("worker %s after %.1f s; another one starts in %g s", said, lived, pause)
                await trio.sleep(pause)

    async def _hire(self) -> Employee | None:
        """Start a worker; return None if the system has no room for it. A checkpoint."""
        assert self._nursery is not None
        self._hiring += 1
        try:
            worker = await employ(self._command, self.post, ask=self._totals.ask, wish=self._wish)
        except OSError as error:
            log.error("cannot start a worker: %s", error)
            return None
        finally:
            self._hiring -= 1
            self._tell()
        self._employed.add(worker)
        if self._order is not None:
            worker.order(self._order)
        self._nursery.start_soon(self._attend, worker)
        return worker

    async def _attend(self, worker: Employee) -> None:
        """Be with a worker to its end."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._welcome, worker)
            await worker.work()
            self._employed.discard(worker)
            self._totals.bury(worker, died=not worker.dismissed)
            worker.close()
        self._tell()

    async def _welcome(self, worker: Employee) -> None:
        await worker.ready.wait()
        if worker.serving and self._started is not None:
            started, self._started = self._started, None
            started()

    def _tell(self) -> None:
        self._change.set()
        self._change = trio.Event()

    async def replace_all(self, post: Post, *, max_series: int) -> None:
        """Replace one worker after the other by such as work by another post. A checkpoint.

        Those that are replaced accept no more connections, and leave when the last one that they have has ended. If a
        replacement never takes requests, the others stay as they are.
        """
        before, self.post = self.post, post
        self._totals.max_series = max(self._totals.max_series, max_series)
        for number, place in enumerate(self._places, 1):
            if self._order is not None:
                return
            await self._yielding.acquire()
            async with place.lock:
                old = place.worker
                fresh = await self._hire()
                if fresh is not None:
                    await fresh.ready.wait()
                if fresh is None or not fresh.serving:
                    self.post = before
                    self._yielding.release()
                    if fresh is not None and self._order is None:
                        said = fresh.end_in_words()
                        log.error("worker %d of %d stays: the new one %s at its start", number, len(self._places), said)
                    return
                place.worker = fresh
            assert self._nursery is not None
            self._nursery.start_soon(self._see_off, old)

    async def _see_off(self, worker: Employee | None) -> None:
        """Let a worker yield to the one that has replaced it."""
        if worker is not None and not worker.ended.is_set():
            worker.order(Order.YIELD)
            with trio.move_on_after(Order.YIELD.time(worker.settings) + SPARE[Order.YIELD]):
                await worker.ended.wait()
            worker.kill()
            await worker.ended.wait()
        self._yielding.release()

    async def leave(self, order: Order) -> None:
        """Tell all workers to leave, and return when they are gone; who stays too long is killed. A checkpoint."""
        self._order = order
        time = 0.0
        for worker in self._employed:
            worker.order(order)
            time = max(time, order.time(worker.settings))
        with trio.move_on_after(time + SPARE[order]):
            await self._until_alone()
        for worker in self._employed:
            log.error("worker %d is killed: it has not left in time", worker.process.pid)
        self.kill_all()
        await self._until_alone()

    async def _until_alone(self) -> None:
        while self._employed or self._hiring:
            await self._change.wait()

    def kill_all(self) -> None:
        """End every worker on the spot. Never waits; also for a signal's handler."""
        for worker in list(self._employed):
            worker.kill()

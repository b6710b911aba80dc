"""A worker's end of the channel: it takes orders, tells its figures, and asks for those of all."""

from __future__ import annotations

import logging
import math
import signal
from typing import Any

import trio

from sluicegate.adapters.http.orders import Order, Orders
from sluicegate.adapters.telemetry.packing import Changes, Packed, unpack
from sluicegate.adapters.telemetry.snapshot import Snapshot
from sluicegate.adapters.telemetry.view import OwnView
from sluicegate.pipeline.config.sections import ServerSettings
from sluicegate.pipeline.errors import Overloaded

from .control import Channel
from .reread import changed_in

log = logging.getLogger("sluicegate.workers")

PERIOD = 1.0
"""Seconds between two reports: what a worker that is killed has counted since its last one is lost."""
ANSWER = 2.0
"""Seconds that a page waits for the supervisor."""
RELOADING = 30.0
"""Seconds that a reload waits for the supervisor, which may be replacing workers for one before."""
FAREWELL = 1.0
"""Seconds to report for the last time."""
SPARE = 1.0
"""Seconds beyond the time that an order gives, after which the kernel ends this process, whatever hangs in it."""


class Bond:
    """What ties a worker to its supervisor.

    Args:
        channel: The channel between them.
        orders: Whom to tell of orders.
        view: This worker's own figures.
        settings: How long leaving may take.
    """

    def __init__(self, channel: Channel, orders: Orders, view: OwnView, settings: ServerSettings) -> None:
        self._channel = channel
        self._orders = orders
        self._view = view
        self._settings = settings
        self._changes = Changes()
        self._looked = 0
        self._asking = trio.Lock()
        self._asked = 0
        self._answer: Packed | None = None
        self._answered = trio.Event()
        self._wishing = trio.Lock()
        self._wished = 0
        self._told: dict[str, Any] = {}
        self._heard = trio.Event()

    async def run(self) -> None:
        """Listen and report, for as long as the worker lives. A checkpoint.

        When the supervisor is gone, this worker drains: nobody would replace it or end it.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._channel.send_posted)
            nursery.start_soon(self._report_often)
            await self._channel.receive_all(self._take)
            log.error("the supervisor has ended: this worker drains and ends")
            self._obey(Order.DRAIN)

    def serving(self) -> None:
        """Tell that requests are taken. Never waits."""
        self._channel.post("ready", lambda: None)
        self._report()

    async def say_farewell(self) -> None:
        """Report for the last time. A checkpoint, for FAREWELL seconds at most."""
        self._report()
        with trio.move_on_after(FAREWELL):
            await self._channel.flush()

    async def look(self) -> Snapshot:
        """Return the figures of all workers together. A checkpoint.

        Raises:
            Overloaded: The supervisor does not answer.
        """
        with trio.move_on_after(ANSWER):
            async with self._asking:
                self._asked += 1
                self._answered = trio.Event()
                self._channel.post("ask", lambda: self._asked)
                await self._answered.wait()
                answer = self._answer
            assert answer is not None
            return await trio.to_thread.run_sync(unpack, answer)
        message = f"the supervisor has not told the figures of all workers within {ANSWER:g} s"
        raise Overloaded(message, code="no_figures", retry_after=1.0)

    async def reload(self) -> dict[str, Any]:
        """Have the supervisor read the configuration anew and replace all workers; return what has changed.

        It has been read and checked by then, and nobody has been replaced yet. A checkpoint.

        Raises:
            CannotReload: All stays as it is.
            Overloaded: The supervisor does not answer: it may still replace the workers before.
        """
        with trio.move_on_after(RELOADING):
            async with self._wishing:
                self._wished += 1
                self._heard = trio.Event()
                self._channel.post("reload", lambda: self._wished)
                await self._heard.wait()
                return changed_in(self._told)
        message = f"the supervisor has not read the configuration within {RELOADING:g} s"
        raise Overloaded(message, code="not_reloaded", retry_after=RELOADING)

    async def _report_often(self) -> None:
        while True:
            await trio.sleep(PERIOD)
            self._report()

    def _report(self) -> None:
        self._channel.post("figures", lambda: [self._looked, self._changes.pack(self._view.take())])

    def _take(self, kind: str, value: Any) -> None:
        match kind:
            case "order":
                self._obey(Order(value))
            case "look":
                self._looked = value
                self._report()
            case "answer":
                number, packed = value
                if number == self._asked:
                    self._answer = packed
                    self._answered.set()
            case "reloaded":
                number, told = value
                if number == self._wished:
                    self._told = told
                    self._heard.set()

    def _obey(self, order: Order) -> None:
        if self._orders.give(order):
            signal.alarm(math.ceil(order.time(self._settings) + SPARE))

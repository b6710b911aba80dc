"""A supervisor's life, by signals.

SIGTERM lets all workers drain, SIGINT with hardly any patience; a second one kills them and ends the process on the
spot. SIGHUP reads the configuration anew and replaces the workers one by one, or, when it tells of a terminal that was
closed, is what SIGTERM is.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import partial

import trio

from sluicegate.adapters.http.orders import Orders
from sluicegate.adapters.http.signals import SIGNALS, take_orders
from sluicegate.adapters.http.terminal import Terminal

from .post import Post
from .supervisor import Supervisor

Watch = Callable[[Callable[[], None]], Awaitable[None]]


async def reign(supervisor: Supervisor, reload: Callable[[], tuple[Post, int] | None], watch: Watch) -> None:
    """Run the workers until a signal ends them. A checkpoint.

    Args:
        reload: Returns what new workers are given, and the most series of their figures, or None to keep the old ones.
        watch: Asks for a reload when it is due, for as long as the workers run.
    """
    orders = Orders()
    terminal = Terminal()
    wishes = _Wishes(supervisor, reload)
    with trio.open_signal_receiver(*SIGNALS) as signals:
        async with trio.open_nursery() as nursery:
            await nursery.start(supervisor.run)
            nursery.start_soon(wishes.fulfil)
            nursery.start_soon(watch, wishes.restart)
            again = partial(_leave_at_once, supervisor)
            nursery.start_soon(partial(take_orders, signals, orders, terminal, told=wishes.restart, again=again))
            await supervisor.leave(await orders.next())
            nursery.cancel_scope.cancel()


class _Wishes:
    """Restarts that were asked for: however many come during one, one more follows it."""

    def __init__(self, supervisor: Supervisor, reload: Callable[[], tuple[Post, int] | None]) -> None:
        self._supervisor = supervisor
        self._reload = reload
        self._wanted = trio.Event()

    def restart(self) -> None:
        self._wanted.set()

    async def fulfil(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted = trio.Event()
            if (found := self._reload()) is not None:
                post, max_series = found
                await self._supervisor.replace_all(post, max_series=max_series)


def _leave_at_once(supervisor: Supervisor, number: int) -> None:
    supervisor.kill_all()
    os._exit(128 + number)

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

from .reread import Reread
from .supervisor import Supervisor

Watch = Callable[[Callable[[], None]], Awaitable[None]]
"""Calls what it is given when the configuration is to be read anew."""


async def reign(supervisor: Supervisor, reload: Callable[[], Reread], watch: Watch) -> None:
    """Run the workers until a signal ends them. A checkpoint.

    Args:
        reload: Reads the configuration anew.
        watch: Asks for a reload when it is due, for as long as the workers run.
    """
    orders = Orders()
    terminal = Terminal()
    with trio.open_signal_receiver(*SIGNALS) as signals:
        async with trio.open_nursery() as nursery:
            await nursery.start(supervisor.run)
            nursery.start_soon(supervisor.reload_often, reload)
            nursery.start_soon(watch, supervisor.want_reload)
            again = partial(_leave_at_once, supervisor)
            nursery.start_soon(
                partial(take_orders, signals, orders, terminal, told=supervisor.want_reload, again=again)
            )
            await supervisor.leave(await orders.next())
            nursery.cancel_scope.cancel()


def _leave_at_once(supervisor: Supervisor, number: int) -> None:
    supervisor.kill_all()
    os._exit(128 + number)

"""A server's life: from the first request until it is told to leave, in order.

A process that serves alone takes its orders from signals. SIGTERM drains: readiness turns to 503, new requests are
refused, those under way have ``server.drain`` to end. So does the end of the terminal that it was started in front of.
SIGINT does the same with hardly any patience, for a person waits at the terminal. What is then still under way ends
with an error that tells so. A second signal ends the process on the spot. SIGHUP reloads, as long as the terminal is
there.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from functools import partial
from typing import Protocol

import trio

from sluicegate.pipeline.config.sections import ServerSettings

from .asgi import App
from .orders import Order, Orders
from .server import serve_http
from .signals import SIGNALS, take_orders
from .terminal import Terminal


class Alive(Protocol):
    """What lives: a gateway, or several of which each takes the place of the one before."""

    @property
    def settings(self) -> ServerSettings:
        """What the server works by."""
        ...

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Run for ever. A checkpoint."""
        ...

    async def drain(self, patience: float, *, ending: float) -> None:
        """Take no new exchanges, and end those under way within so many seconds. A checkpoint."""
        ...


async def live(gateway: Alive, app: App, sock: socket.socket, orders: Orders, *, started: Callable[[], None]) -> None:
    """Serve until an order to leave has been obeyed. A checkpoint.

    Args:
        started: Called once requests are answered.
    """
    yielding, closing = trio.Event(), trio.Event()
    async with trio.open_nursery() as nursery:
        await nursery.start(gateway.run)
        async with trio.open_nursery() as obeying:
            serving = partial(serve_http, app, sock, closing.wait, gateway.settings, yielding=yielding.wait)
            async with trio.open_nursery() as server:
                await server.start(serving)
                started()
                obeying.start_soon(_obey, gateway, orders, yielding, closing)
            obeying.cancel_scope.cancel()
        nursery.cancel_scope.cancel()


async def _obey(gateway: Alive, orders: Orders, yielding: trio.Event, closing: trio.Event) -> None:
    """Obey orders until there is nothing left to end; one with less patience takes the place of the one before."""
    order = await orders.next()
    while not closing.is_set():
        async with trio.open_nursery() as nursery:

            async def leave(order: Order = order, scope: trio.CancelScope = nursery.cancel_scope) -> None:
                if order is Order.YIELD:
                    yielding.set()
                    await trio.sleep(order.patience(gateway.settings))
                else:
                    await gateway.drain(order.patience(gateway.settings), ending=order.ending())
                closing.set()
                scope.cancel()

            nursery.start_soon(leave)
            order = await orders.next()
            nursery.cancel_scope.cancel()


async def live_alone(
    gateway: Alive, app: App, sock: socket.socket, *, started: Callable[[], None], reload: Callable[[], None]
) -> None:
    """Serve until a signal, then drain. A checkpoint.

    Args:
        started: Called once requests are answered.
        reload: Called for a SIGHUP. Never waits.
    """
    orders = Orders()
    terminal = Terminal()
    with trio.open_signal_receiver(*SIGNALS) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(take_orders, signals, orders, terminal, told=reload, again=_leave_at_once))
            await live(gateway, app, sock, orders, started=started)
            nursery.cancel_scope.cancel()


def _leave_at_once(number: int) -> None:
    # Not sys.exit: that would have to wait for the very tasks that do not end.
    os._exit(128 + number)

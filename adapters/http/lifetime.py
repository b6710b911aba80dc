"""A server's life: from the first request until a signal ends it, in order.

SIGTERM drains: readiness turns to 503, new requests are refused, those under way have ``server.drain`` to end. SIGINT
does the same with hardly any patience, for a person waits at the terminal. What is then still under way ends with an
error that tells so. A second signal ends the process on the spot.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from functools import partial

import trio

from sluicegate.pipeline.gateway import Gateway

from .asgi import App
from .server import serve_http

PATIENCE = 0.5
"""Seconds that SIGINT gives to what is under way."""
ENDING = 1.0
"""Seconds that the gateway then takes to end, so that after SIGINT the process is gone within two."""


async def live(gateway: Gateway, app: App, sock: socket.socket, *, started: Callable[[], None]) -> None:
    """Serve until a signal, then drain. A checkpoint.

    Args:
        started: Called once requests are answered.
    """
    closing = trio.Event()
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            await nursery.start(gateway.run)
            async with trio.open_nursery() as serving:
                await serving.start(partial(serve_http, app, sock, closing.wait, gateway.settings))
                started()
                number = await anext(signals)
                for again in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(again, _leave_at_once)
                await _drain(gateway, number)
                closing.set()
            nursery.cancel_scope.cancel()


async def _drain(gateway: Gateway, number: int) -> None:
    if number == signal.SIGINT:
        await gateway.drain(min(PATIENCE, gateway.settings.drain), ending=ENDING)
    else:
        await gateway.drain(gateway.settings.drain)


def _leave_at_once(number: int, _: object) -> None:
    # Not sys.exit: that would have to wait for the very tasks that do not end.
    os._exit(128 + number)

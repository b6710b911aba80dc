"""Runs the simulated upstream in this process, or in several that share a port."""

from __future__ import annotations

import os
import signal
import socket

from ..loop import READ, Loop
from .behaviour import Behaviour
from .server import Server

BACKLOG = 4096


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one. Raises OSError where that cannot be."""
    listener = socket.create_server((host, port), backlog=BACKLOG)
    listener.setblocking(False)
    return listener


def serve(listener: socket.socket, behaviour: Behaviour, *, seed: int = 0, workers: int = 1) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        listener: From `listen`.
        behaviour: How requests are answered.
        seed: What is drawn from; every worker has one of its own.
        workers: Processes. Each accepts from the same socket; all end with this one.
    """
    # The other end of this pipe is closed when this process ends, however it does: so no worker is left behind.
    alive, mine = os.pipe()
    worker = 0
    children = []
    for number in range(1, workers):
        if child := os.fork():
            children.append(child)
            continue
        os.close(mine)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        worker = number
        break
    try:
        _run(listener, behaviour, seed + worker, alive if worker else None)
    finally:
        if worker:
            os._exit(0)
        os.close(mine)
        os.close(alive)
        for child in children:
            os.waitpid(child, 0)


def _run(listener: socket.socket, behaviour: Behaviour, seed: int, alive: int | None) -> None:
    loop = Loop()
    server = Server(loop, listener, behaviour, seed)
    if alive is not None:
        loop.watch(alive, READ, lambda events: loop.stop())
    else:
        woken, wakes = socket.socketpair()
        woken.setblocking(False)
        wakes.setblocking(False)
        loop.watch(woken, READ, lambda events: loop.stop())
        signal.set_wakeup_fd(wakes.fileno())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
    loop.run()
    server.close()
    loop.close()

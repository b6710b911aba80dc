"""Print what stock hypercorn and our own HTTP/1.1 serve on one core, and fail where ours is not far ahead.

The same application, which answers every request with two bytes, is served both ways, by turns, in a process of its own
on one core; the load comes from another process on another core. It is 32 connections, each of which sends a chat-sized
request when it has its answer. Only the ratio counts: a noisy machine shifts both sides.

Run: ``python -m sluicegate.perf.edges``
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
from collections.abc import Awaitable, Callable
from itertools import repeat
from typing import Any

import trio

from .load.engine import Engine, Rules
from .load.measurement import Measurement
from .load.shots import Shot, at_once
from .load.target import target_of
from .processes import cores, pin

CONNECTIONS = 32
SECONDS = 0.7
ROUNDS = 3
LEAST = 5.0
"""How many times the requests of stock hypercorn ours must serve."""
BODY = b'{"model":"m","messages":[{"role":"user","content":"' + b"x" * 2000 + b'"}]}'
ANSWER = b"ok"

Serve = Callable[[socket.socket], Awaitable[None]]


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Answer a request once all of it is there."""
    if scope["type"] != "http":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(ANSWER))]})
    await send({"type": "http.response.body", "body": ANSWER})


async def serve_stock(sock: socket.socket) -> None:
    """Serve with hypercorn and h11."""
    from hypercorn.config import Config
    from hypercorn.trio import serve

    config = Config()
    config.bind = [f"fd://{sock.detach()}"]
    config.loglevel = "WARNING"
    config.keep_alive_max_requests = 1_000_000_000
    await serve(answer, config, shutdown_trigger=trio.sleep_forever)


async def serve_ours(sock: socket.socket) -> None:
    """Serve with our own HTTP/1.1."""
    from sluicegate.adapters.http.server import serve_http

    await serve_http(answer, sock, trio.sleep_forever)


EDGES: dict[str, Serve] = {"stock": serve_stock, "ours": serve_ours}


def keep_on(place: int) -> None:
    """Keep this process on one core, where there are several and the system can."""
    found = cores()
    pin({found[place % len(found)]} if len(found) > 1 else ())


def serve(kind: str) -> None:
    """Serve on an inherited socket until killed."""
    keep_on(0)
    trio.run(EDGES[kind], socket.socket(fileno=0))


def load(port: int, seconds: float) -> float:
    """Return the requests a second that are answered on CONNECTIONS connections."""
    rules = Rules(closed=True, connections=CONNECTIONS, seconds=seconds)
    target = target_of(f"http://127.0.0.1:{port}", "key")
    measured = Engine(target, at_once(repeat(Shot("chat", BODY))), rules, Measurement()).run()
    if measured.failures:
        raise RuntimeError(f"the server failed: {dict(measured.errors)}")
    return measured.rate


def start(kind: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a server in a process of its own; return it and its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as sock:
        command = [sys.executable, "-m", "sluicegate.perf.edges", kind]
        return subprocess.Popen(command, stdin=sock.fileno()), sock.getsockname()[1]


def measure(*, seconds: float, rounds: int) -> dict[str, list[float]]:
    """Return the requests a second of each edge, round by round."""
    servers = {kind: start(kind) for kind in EDGES}
    try:
        figures: dict[str, list[float]] = {kind: [] for kind in EDGES}
        for _, port in servers.values():
            load(port, 0.2)  # until it has started, and is warm
        for _ in range(rounds):
            for kind, (_, port) in servers.items():
                figures[kind].append(load(port, seconds))
        return figures
    finally:
        for process, _ in servers.values():
            process.kill()
            process.wait()


def main() -> int:
    """Print the figures; return 1 if ours is not far enough ahead."""
    keep_on(1)
    figures = measure(seconds=SECONDS, rounds=ROUNDS)
    ratios = sorted(ours / stock for ours, stock in zip(figures["ours"], figures["stock"], strict=True))
    for kind, rates in figures.items():
        rate = statistics.median(rates)
        print(f"{kind:<6} {rate:8.0f} requests/s  {1e6 / rate:6.1f} us each")
    ratio = statistics.median(ratios)
    print(f"ours is {ratio:.1f} times stock (rounds {ratios[0]:.1f} to {ratios[-1]:.1f}); at least {LEAST:g} is wanted")
    return 0 if ratio >= LEAST else 1


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(sys.argv[1])
    else:
        sys.exit(main())

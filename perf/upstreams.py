"""Print what one call to an upstream costs, over stock httpx and over our own connections; fail if ours are too dear.

The simulated upstream, in a process of its own, answers every request with the same 600 bytes. What is counted is
the CPU time of this process, per call: it does not change with what else the machine does. Stock httpx, httpx over
our transport, and the transport that the gateway itself uses take turns in one run, with 1 and with 64 calls in flight;
the best of the rounds counts.

Run: ``python -m sluicegate.perf.upstreams``
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import trio

from sluicegate.adapters.upstream.http import HttpTransport
from sluicegate.adapters.upstream.httpx_transport import PooledTransport
from sluicegate.adapters.upstream.proxy import Proxies
from sluicegate.pipeline.provider import UpstreamRequest

from .processes import simulator
from .simulate.server import CHAT

Call = Callable[[], Awaitable[None]]
IN_FLIGHT = (1, 64)
CALLS = 640
ANSWER = 477
"""Bytes in the body of every answer."""
REPEATS = 3
SHELL_LIMIT = 0.6
"""httpx over our transport may cost this much of stock httpx."""
DIRECT_LIMIT = 0.2
"""And the gateway's own transport this much."""

_BODY = b'{"model": "m", "messages": [{"role": "user", "content": "' + b"x" * 2000 + b'"}]}'


@asynccontextmanager
async def stock(url: str) -> AsyncIterator[Call]:
    """Give a call over httpx as it comes."""
    async with httpx.AsyncClient(timeout=None, trust_env=False, limits=httpx.Limits()) as client:
        yield lambda: _httpx_call(client, url)


@asynccontextmanager
async def shell(url: str) -> AsyncIterator[Call]:
    """Give a call over httpx on our transport."""
    transport = PooledTransport(proxies=Proxies({}))
    async with httpx.AsyncClient(timeout=None, trust_env=False, transport=transport) as client:
        yield lambda: _httpx_call(client, url)


@asynccontextmanager
async def direct(url: str) -> AsyncIterator[Call]:
    """Give a call over the transport that the gateway uses."""
    transport = HttpTransport(proxies=Proxies({}))
    request = UpstreamRequest("POST", url, (("content-type", "application/json"), ("user-agent", "x")), _BODY)

    async def call() -> None:
        response = await transport.send(request, connect=5.0)
        size = 0
        while data := await response.receive():
            size += len(data)
        await response.aclose()
        assert size == ANSWER

    yield call
    await transport.aclose()


async def _httpx_call(client: httpx.AsyncClient, url: str) -> None:
    response = await client.post(url, content=_BODY, headers={"content-type": "application/json"})
    assert len(response.content) == ANSWER


async def per_call(call: Call, in_flight: int, calls: int) -> float:
    """Return the seconds of CPU time that one call takes in this process."""

    async def client() -> None:
        for _ in range(calls // in_flight):
            await call()

    gc.collect()
    began = time.process_time()
    async with trio.open_nursery() as nursery:
        for _ in range(in_flight):
            nursery.start_soon(client)
    return (time.process_time() - began) / (calls // in_flight * in_flight)


KINDS = {"httpx": stock, "httpx over ours": shell, "direct": direct}


async def measure(url: str, calls: int = CALLS, repeats: int = REPEATS) -> dict[tuple[str, int], float]:
    """Return the best seconds of each kind of call, for each number in flight."""
    best: dict[tuple[str, int], float] = {}
    for _ in range(repeats):
        for name, opened in KINDS.items():
            async with opened(url) as call:
                for in_flight in IN_FLIGHT:
                    await per_call(call, in_flight, in_flight)  # so that the connections are there
                    took = await per_call(call, in_flight, calls)
                    best[name, in_flight] = min(took, best.get((name, in_flight), took))
    return best


def main() -> int:
    """Print the table; return 1 if one of ours is over its limit."""
    with simulator() as upstream:
        best = trio.run(measure, upstream.url + CHAT)
    limits = {"httpx": 1.0, "httpx over ours": SHELL_LIMIT, "direct": DIRECT_LIMIT}
    over = False
    print("CPU time of one call")
    for in_flight in IN_FLIGHT:
        for name, limit in limits.items():
            ratio = best[name, in_flight] / best["httpx", in_flight]
            over = over or ratio > limit
            told = f"{ratio:6.3f} of httpx, limit {limit:g}" if limit < 1 else ""
            print(f"{in_flight:3} in flight  {name:16} {best[name, in_flight] * 1e6:7.1f} us {told}".rstrip())
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())

"""Plain chat through the whole pipeline: requests a second, CPU time and memory, and how soon a gateway is there."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from ..load.measurement import Measurement
from ..load.traffic import Traffic, check
from ..processes import simulator
from ..usage import cpu_time, memory
from .rows import Row, Told, at_least, at_most
from .stand import MODEL, Served, Stand, upstream

MANY = 10**9
"""Requests of a round that ends by its time."""
ROUNDS = 5
SECONDS = 3.0
WARM = 1000
STARTS = 5
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Rate:
    """What a gateway did under a closed loop.

    Attributes:
        rate: Answers a second, the median of the rounds.
        chunks: Events of streams a second, likewise.
        cpu: Seconds of its CPU time a request, over all rounds.
    """

    rate: float
    chunks: float
    cpu: float


def measure_rate(served: Served, traffic: Traffic, rounds: int = ROUNDS) -> Rate:
    """Send rounds of load after a short one that does not count.

    Raises:
        Failed: More than one in a hundred requests of a round failed.
    """
    check(served.target, traffic.send(served.target, WARM))
    before = cpu_time(served.pid)
    measured = [check(served.target, traffic.send(served.target)) for _ in range(rounds)]
    spent = cpu_time(served.pid) - before
    return Rate(
        statistics.median(one.rate for one in measured),
        statistics.median(one.chunks / one.duration for one in measured),
        spent / sum(one.requests for one in measured),
    )


def closed(connections: int = 32, seconds: float = SECONDS, *, stream: bool = False) -> Traffic:
    """Return load as fast as it is answered, each prompt of 2 KB and different."""
    return Traffic(MODEL, MANY, connections, stream=stream, seconds=seconds)


def measure_plain(stand: Stand, told: Told) -> float:
    """Measure plain chat, and return the requests a second."""
    stand.apart()
    with simulator(on=stand.load) as answering, stand.serve(upstream(answering.url)) as served:
        idle = memory(served.pid)
        found = measure_rate(served, closed())
        told(at_least("plain chat, 32 connections, 2 KB prompts", found.rate, 4500, "requests/s"))
        told(Row("CPU time of the gateway for one of them", f"{found.cpu * 1e6:.0f} us"))
        most = 0

        def look(_: Measurement) -> None:
            nonlocal most
            most = max(most, memory(served.pid))

        closed().send(served.target, tick=look)
        told(Row("memory (PSS) when idle, after the start", f"{idle / MIB:.1f} MiB"))
        told(Row("memory (PSS) under this load", f"{most / MIB:.1f} MiB, {(most - idle) / MIB:.1f} more"))
    return found.rate


def measure_start(stand: Stand, told: Told) -> None:
    """Measure how long it takes from the start of a process to its first healthy answer."""
    stand.apart()
    with simulator(on=stand.load) as answering:
        times = []
        for _ in range(STARTS):
            with stand.serve(upstream(answering.url)) as served:
                times.append(served.running.ready_after)
    what = f"start to the first healthy answer, median of {STARTS}"
    told(at_most(what, statistics.median(times) * 1000, 500, "ms"))

"""The latency that the gateway adds: asked directly and through it by turns."""

from __future__ import annotations

from ..added import ROUNDS, measure_added
from ..load.target import target_of
from ..load.traffic import Traffic
from ..processes import simulator
from .rows import Row, Told, at_most
from .stand import MODEL, Stand, upstream

REQUESTS = 10_000
OPEN_CONNECTIONS = 1000


def measure_latency(stand: Stand, told: Told, capacity: float) -> None:
    """Measure what is added at one connection, and at half of ``capacity``, in requests a second."""
    stand.apart()
    with simulator(on=stand.load) as answering, stand.serve(upstream(answering.url)) as served:
        direct = target_of(answering.url)
        alone = measure_added(direct, served.target, Traffic(MODEL, REQUESTS, connections=1))
        after = f"median of {ROUNDS} rounds of {REQUESTS:,}"
        told(at_most(f"added latency, one connection, p50, {after}", alone.added[50.0] * 1000, 0.4, "ms"))
        told(Row("added latency, one connection, p99", f"{alone.added[99.0] * 1000:.2f} ms"))
        rate = capacity / 2
        half = Traffic(MODEL, REQUESTS, OPEN_CONNECTIONS, rate=rate, random=True)
        busy = measure_added(direct, served.target, half)
        what = f"open loop at random times, {rate:,.0f} requests/s"
        told(Row(f"added latency, {what}, p50", f"{busy.added[50.0] * 1000:.2f} ms"))
        told(at_most(f"added latency, {what}, p99, {after}", busy.added[99.0] * 1000, 3, "ms"))

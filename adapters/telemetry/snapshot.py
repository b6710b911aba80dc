"""The gateway's figures at one moment, taken on its own thread so that others may read them at leisure.

Counters are copied. Histograms are shared: they only grow, and a reader at worst misses the values of its own moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import trio
from hdrh.histogram import HdrHistogram

from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.metrics import Figures, Series


@dataclass(frozen=True, slots=True)
class HopFigures:
    """One hop: counts, what stands in its inbox, and times in microseconds."""

    name: str
    lane: str
    depth: int
    counts: dict[str, int]
    queue: HdrHistogram
    work: HdrHistogram


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All figures of a gateway. ``breakers`` holds (state, faults in a row, seconds until a call may try)."""

    ready: bool
    draining: bool
    in_flight: int
    overloads: int
    settled: int
    lost: int
    overflowed: int
    series: tuple[tuple[Series, Figures], ...]
    hops: tuple[HopFigures, ...]
    breakers: dict[str, tuple[str, int, float]]


COUNTS = ("passed", "replied", "refused", "crashed", "cut", "ghosts")


def take_snapshot(gateway: Gateway) -> Snapshot:
    """Return the figures of this moment. Call it on the gateway's own thread; not a checkpoint."""
    now = trio.current_time()
    settle = gateway.topology.settle
    return Snapshot(
        ready=gateway.ready,
        draining=gateway.draining,
        in_flight=gateway.in_flight,
        overloads=gateway.overloads,
        settled=settle.settled,
        lost=settle.lost,
        overflowed=gateway.resources.metrics.overflowed,
        series=tuple((series, _copy(figures)) for series, figures in gateway.resources.metrics.series.items()),
        hops=tuple(
            HopFigures(
                name=gauge.name,
                lane=gauge.lane.value,
                depth=gauge.depth,
                counts={name: getattr(gauge, name) for name in COUNTS},
                queue=gauge.queue.histogram,
                work=gauge.work.histogram,
            )
            for gauge in gateway.gauges()
        ),
        breakers={
            name: (breaker.state(now).value, breaker.failures, breaker.retry_after(now))
            for name, breaker in gateway.resources.breakers.items()
        },
    )


def _copy(figures: Figures) -> Figures:
    return replace(
        figures,
        outcomes=figures.outcomes.copy(),
        errors=figures.errors.copy(),
        cache=figures.cache.copy(),
        faults=figures.faults.copy(),
    )

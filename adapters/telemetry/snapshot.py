"""The gateway's figures at one moment, taken on its own thread so that others may read them at leisure.

Counters are copied. Histograms are shared: they only grow, and a reader at worst misses the values of its own moment.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import NamedTuple

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


class BreakerFigures(NamedTuple):
    """One provider's breaker.

    Each worker has a breaker of its own: of several, this is the worst, and ``seen`` says how many are in which state.
    """

    state: str
    failures: int
    retry_after: float
    seen: dict[str, int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All figures of a gateway, of one worker or of all together.

    Attributes:
        breakers: By the provider's name.
        resting: Of providers with several keys, which rest, by their numbers from 1 on, and the seconds that each still
            does; of several workers the longest.
        uptime: Seconds that it has been running.
        workers: The processes that serve.
        deaths: How many of them have ended without being told to.
    """

    ready: bool
    draining: bool
    in_flight: int
    overloads: int
    settled: int
    lost: int
    overflowed: int
    series: tuple[tuple[Series, Figures], ...]
    hops: tuple[HopFigures, ...]
    breakers: dict[str, BreakerFigures]
    resting: dict[str, dict[str, float]] = field(default_factory=dict)
    uptime: float = 0.0
    workers: tuple[int, ...] = field(default_factory=lambda: (os.getpid(),))
    deaths: int = 0


COUNTS = ("passed", "replied", "refused", "crashed", "cut", "ghosts")


def take_snapshot(gateway: Gateway, *, started: float | None = None) -> Snapshot:
    """Return the figures of this moment. Call it on the gateway's own thread; not a checkpoint.

    Args:
        started: When the gateway was started, on trio's clock; now, where that is not asked for.
    """
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
            name: BreakerFigures(
                state := breaker.state(now).value, breaker.failures, breaker.retry_after(now), {state: 1}
            )
            for name, breaker in gateway.resources.breakers.items()
        },
        resting={
            name: {str(number): left for number, left in provider.keys.rests(now).items()}
            for name, provider in gateway.resources.providers.items()
            if provider.keys is not None
        },
        uptime=now - started if started is not None else 0.0,
    )


def _copy(figures: Figures) -> Figures:
    return replace(
        figures,
        outcomes=figures.outcomes.copy(),
        errors=figures.errors.copy(),
        cache=figures.cache.copy(),
        faults=figures.faults.copy(),
    )

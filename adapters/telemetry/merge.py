"""The figures of several workers as one truth. Pure: snapshots in, a snapshot out.

What only grows, and the gauges, are sums. Histograms are added bucket by bucket, so percentiles are those of all
requests together. Names are bounded as in one process: series that find no place are counted under ``other``, those of
the first snapshots going first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from hdrh.histogram import HdrHistogram

from sluicegate.pipeline.breaker import BreakerState
from sluicegate.pipeline.metrics import Figures, Metrics, count_code

from .snapshot import COUNTS, BreakerFigures, HopFigures, Snapshot

_WORST_FIRST = (BreakerState.OPEN.value, BreakerState.HALF_OPEN.value, BreakerState.CLOSED.value)
NOTHING = Snapshot(
    ready=False,
    draining=False,
    in_flight=0,
    overloads=0,
    settled=0,
    lost=0,
    overflowed=0,
    series=(),
    hops=(),
    breakers={},
    workers=(),
)
"""The figures of no worker at all."""


def merge(snapshots: Sequence[Snapshot], *, max_series: int) -> Snapshot:
    """Return the figures of all together.

    They are ready as soon as one worker takes requests, and draining only if all that there are do.

    Args:
        max_series: The most series of the sum.
    """
    metrics = _series(snapshots, max_series)
    serving = [one for one in snapshots if one.workers]
    return Snapshot(
        ready=any(one.ready and not one.draining for one in serving),
        draining=bool(serving) and all(one.draining for one in serving),
        in_flight=sum(one.in_flight for one in snapshots),
        overloads=sum(one.overloads for one in snapshots),
        settled=sum(one.settled for one in snapshots),
        lost=sum(one.lost for one in snapshots),
        overflowed=sum(one.overflowed for one in snapshots) + metrics.overflowed,
        series=tuple(metrics.series.items()),
        hops=_hops([one.hops for one in snapshots]),
        breakers=_breakers([one.breakers for one in snapshots]),
        resting=_resting([one.resting for one in snapshots]),
        uptime=max((one.uptime for one in snapshots), default=0.0),
        workers=tuple(pid for one in snapshots for pid in one.workers),
        deaths=sum(one.deaths for one in snapshots),
    )


def after_its_end(snapshot: Snapshot) -> Snapshot:
    """Return what stays of the figures of a worker that has ended: what only grows."""
    return replace(
        snapshot,
        ready=False,
        draining=False,
        in_flight=0,
        hops=tuple(replace(hop, depth=0) for hop in snapshot.hops),
        breakers={},
        resting={},
        uptime=0.0,
        workers=(),
    )


def _series(snapshots: Iterable[Snapshot], max_series: int) -> Metrics:
    metrics = Metrics(max_series=max_series)
    for snapshot in snapshots:
        for series, figures in snapshot.series:
            _add(metrics.figures(series), figures)
    return metrics


def _add(total: Figures, more: Figures) -> None:
    total.requests += more.requests
    total.attempts += more.attempts
    total.input_tokens += more.input_tokens
    total.output_tokens += more.output_tokens
    total.cost += more.cost
    total.unpriced += more.unpriced
    total.uncounted += more.uncounted
    total.outcomes.update(more.outcomes)
    total.cache.update(more.cache)
    for codes, others in ((total.errors, more.errors), (total.faults, more.faults)):
        for code, count in others.items():
            count_code(codes, code, count)
    total.latency = _sum(total.latency, more.latency)
    total.first_token = _sum(total.first_token, more.first_token)
    total.speed = _sum(total.speed, more.speed)
    total.images += more.images
    total.characters += more.characters
    total.audio_seconds += more.audio_seconds


def _sum(one: HdrHistogram, other: HdrHistogram) -> HdrHistogram:
    """Return a new histogram with the values of both. Its counts are wide enough for any sum."""
    total = HdrHistogram(1, one.highest_trackable_value, one.significant_figures)
    for part in (one, other):
        if part.get_total_count():
            total.add(part)
    return total


def _hops(all_hops: Iterable[tuple[HopFigures, ...]]) -> tuple[HopFigures, ...]:
    found: dict[tuple[str, str], HopFigures] = {}
    for hops in all_hops:
        for hop in hops:
            key = (hop.name, hop.lane)
            found[key] = _hop(found[key], hop) if key in found else hop
    return tuple(found.values())


def _hop(one: HopFigures, other: HopFigures) -> HopFigures:
    return HopFigures(
        name=one.name,
        lane=one.lane,
        depth=one.depth + other.depth,
        counts={name: one.counts[name] + other.counts[name] for name in COUNTS},
        queue=_sum(one.queue, other.queue),
        work=_sum(one.work, other.work),
    )


def _breakers(all_breakers: Iterable[dict[str, BreakerFigures]]) -> dict[str, BreakerFigures]:
    found: dict[str, BreakerFigures] = {}
    for breakers in all_breakers:
        for name, breaker in breakers.items():
            found[name] = _worse(found[name], breaker) if name in found else breaker
    return found


def _resting(all_resting: Iterable[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Return the longest that each key rests with any of the workers."""
    found: dict[str, dict[str, float]] = {}
    for resting in all_resting:
        for name, keys in resting.items():
            longest = found.setdefault(name, {})
            longest.update((key, max(left, longest.get(key, 0.0))) for key, left in keys.items())
    return found


def _worse(one: BreakerFigures, other: BreakerFigures) -> BreakerFigures:
    """Return the worse of two: by its state, then by its faults in a row."""
    worst = min(one, other, key=lambda figures: (_WORST_FIRST.index(figures.state), -figures.failures))
    states = [state for state in _WORST_FIRST if state in one.seen or state in other.seen]
    return worst._replace(seen={state: one.seen.get(state, 0) + other.seen.get(state, 0) for state in states})

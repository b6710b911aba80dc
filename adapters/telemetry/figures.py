"""A snapshot as JSON values: totals, figures by series, percentiles, hops."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hdrh.histogram import HdrHistogram

from sluicegate.pipeline.config.kinds import NANOS
from sluicegate.pipeline.metrics import Figures

from .snapshot import HopFigures, Snapshot

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)


def figures_of(snapshot: Snapshot) -> dict[str, Any]:
    """Return the whole snapshot. Times are milliseconds."""
    return {
        "uptime_s": round(snapshot.uptime, 3),
        "workers": {"pids": list(snapshot.workers), "deaths": snapshot.deaths},
        "ready": snapshot.ready,
        "draining": snapshot.draining,
        "in_flight": snapshot.in_flight,
        "overloads": snapshot.overloads,
        "settled": snapshot.settled,
        "lost": snapshot.lost,
        "overflowed": snapshot.overflowed,
        "totals": _totals([figures for _, figures in snapshot.series]),
        "series": [{**series._asdict(), **_one(figures)} for series, figures in snapshot.series],
        "hops": [_hop(hop) for hop in snapshot.hops],
        "breakers": breakers_of(snapshot),
    }


def breakers_of(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """Return the state of each provider's breaker; of several workers the worst, and how many are in which."""
    return {
        name: {
            "state": one.state,
            "failures": one.failures,
            "retry_after_s": round(one.retry_after, 3),
            "workers": one.seen,
        }
        for name, one in snapshot.breakers.items()
    }


def _totals(all_figures: list[Figures]) -> dict[str, Any]:
    return {
        "requests": sum(figures.requests for figures in all_figures),
        "attempts": sum(figures.attempts for figures in all_figures),
        "input_tokens": sum(figures.input_tokens for figures in all_figures),
        "output_tokens": sum(figures.output_tokens for figures in all_figures),
        "cost_usd": sum(figures.cost for figures in all_figures) / NANOS,
        "unpriced": sum(figures.unpriced for figures in all_figures),
        "uncounted": sum(figures.uncounted for figures in all_figures),
        "outcomes": dict(sum((figures.outcomes for figures in all_figures), Counter())),
        "errors": dict(sum((figures.errors for figures in all_figures), Counter())),
        "faults": dict(sum((figures.faults for figures in all_figures), Counter())),
        "cache": dict(sum((figures.cache for figures in all_figures), Counter())),
        "images": sum(figures.images for figures in all_figures),
        "characters": sum(figures.characters for figures in all_figures),
        "audio_seconds": round(sum(figures.audio_seconds for figures in all_figures), 3),
    }


def _one(figures: Figures) -> dict[str, Any]:
    return {
        **_totals([figures]),
        "latency_ms": _percentiles(figures.latency),
        "first_token_ms": _percentiles(figures.first_token),
        "tokens_per_s": _percentiles(figures.speed, unit=1),
    }


def _hop(hop: HopFigures) -> dict[str, Any]:
    return {
        "name": hop.name,
        "lane": hop.lane,
        "depth": hop.depth,
        **hop.counts,
        "queue_ms": _percentiles(hop.queue),
        "work_ms": _percentiles(hop.work),
    }


def _percentiles(histogram: HdrHistogram, unit: int = 1000) -> dict[str, float] | None:
    """Return percentiles in so many of the histogram's units, or None where nothing was measured."""
    if not histogram.get_total_count():
        return None
    found = histogram.get_percentile_to_value_dict(list(PERCENTILES))
    return {
        "count": histogram.get_total_count(),
        **{f"p{percentile:g}": value / unit for percentile, value in found.items()},
        "max": histogram.get_max_value() / unit,
    }

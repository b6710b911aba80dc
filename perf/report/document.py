"""A measurement as a JSON document. Its fields are documented in docs/performance.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hdrh.histogram import HdrHistogram

from ..load.measurement import Measurement, quantile

PERCENTS = (50.0, 75.0, 90.0, 95.0, 99.0, 99.9)
STEPS_A_HALVING = 4
"""Points of the percentile plot between two percentiles of which one leaves half as many above it as the other."""


def document(measured: Measurement, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document: times are milliseconds.

    Args:
        measured: What a run has measured.
        about: What was run, such as the target; it must hold no secret.
    """
    return {
        **about,
        "interrupted": measured.interrupted,
        "duration_s": round(measured.duration, 3),
        "requests": measured.requests,
        "answers": measured.answers,
        "answers_per_s": round(measured.rate, 1),
        "errors": dict(measured.errors.most_common()),
        "error_rate": round(measured.error_rate, 6),
        "unfinished": measured.unfinished,
        "reconnects": measured.reconnects,
        "chunks": measured.chunks,
        "latency_ms": _summary(measured.latency),
        "first_content_ms": _summary(measured.first),
        "late_ms": _summary(measured.late),
        "percentiles": {"latency_ms": _points(measured.latency), "first_content_ms": _points(measured.first)},
        "timeline": _timeline(measured),
    }


def _summary(counted: HdrHistogram) -> dict[str, float] | None:
    """Return figures of a histogram, or None where nothing was counted."""
    if not counted.get_total_count():
        return None
    return {
        "mean": round(counted.get_mean_value() / 1000, 3),
        **{f"p{percent:g}": _ms(quantile(counted, percent)) for percent in PERCENTS},
        "max": _ms(counted.get_max_value() / 1e6),
    }


def _points(counted: HdrHistogram) -> list[tuple[float, float]]:
    """Return (percent, milliseconds), denser towards the end, as far as there is at least one value above."""
    total, lefts = counted.get_total_count(), [1.0]
    if not total:
        return []
    while (left := lefts[-1] / 2 ** (1 / STEPS_A_HALVING)) > 1 / total:
        lefts.append(left)
    percents = [100 * (1 - left) for left in (*lefts, 1 / total)]
    return [(round(percent, 9), _ms(quantile(counted, percent))) for percent in percents]


def _timeline(measured: Measurement) -> list[dict[str, float | None]]:
    line = measured.timeline
    return [
        {
            "at_s": round(place * line.width, 3),
            "answers": interval.latencies.total(),
            "errors": interval.errors,
            "p50_ms": _known(interval.percentile(0.5)),
            "p99_ms": _known(interval.percentile(0.99)),
        }
        for place, interval in enumerate(line.intervals)
    ]


def _known(seconds: float | None) -> float | None:
    return None if seconds is None else _ms(seconds)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)

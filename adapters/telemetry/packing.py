"""Snapshots as plain values, for msgpack to carry between processes; histograms by their own compressed encoding.

A worker's figures are many, and few of them change in a second: it sends what changed, and the other side remembers
the rest. Values are totals and never differences, so one that is sent twice counts once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any

from hdrh.histogram import HdrHistogram

from sluicegate.pipeline.metrics import Figures, Series

from .snapshot import COUNTS, BreakerFigures, HopFigures, Snapshot

Packed = dict[str, Any]
HEAD = (
    *("ready", "draining", "in_flight", "overloads", "settled", "lost", "overflowed"),
    *("uptime", "workers", "deaths"),
)


def pack(snapshot: Snapshot) -> Packed:
    """Return all of a snapshot as plain values."""
    return Changes().pack(snapshot)


def unpack(packed: Packed) -> Snapshot:
    """Return the snapshot that `pack` was given, or that `Remembered` has put together."""
    head = dict(zip(HEAD, packed["head"], strict=True))
    head["workers"] = tuple(head["workers"])
    return Snapshot(
        **head,
        series=tuple((Series(*labels), _figures(values)) for labels, values in packed["series"]),
        hops=tuple(_hop(name, lane, values) for (name, lane), values in packed["hops"]),
        breakers={name: BreakerFigures(*values) for name, values in packed["breakers"].items()},
        resting=packed["resting"],
    )


class Changes:
    """Packs snapshots of one gateway, one after the other: of each, what differs from the one before."""

    def __init__(self) -> None:
        self._stamps: dict[Hashable, Hashable] = {}

    def pack(self, snapshot: Snapshot) -> Packed:
        """Return what has changed; all of it, the first time."""
        return {
            "head": [getattr(snapshot, name) for name in HEAD],
            "series": [
                [list(series), _packed_figures(figures)]
                for series, figures in snapshot.series
                if self._changed(series, _stamp_of_figures(figures))
            ],
            "hops": [
                [[hop.name, hop.lane], _packed_hop(hop)]
                for hop in snapshot.hops
                if self._changed((hop.name, hop.lane), _stamp_of_hop(hop))
            ],
            "breakers": {name: list(breaker) for name, breaker in snapshot.breakers.items()},
            "resting": snapshot.resting,
        }

    def _changed(self, key: Hashable, stamp: Hashable) -> bool:
        if self._stamps.get(key) == stamp:
            return False
        self._stamps[key] = stamp
        return True


class Remembered:
    """The last figures of a worker, packed, put together from what it sends."""

    def __init__(self) -> None:
        self._head: list[Any] = []
        self._series: dict[tuple[str, ...], Any] = {}
        self._hops: dict[tuple[str, ...], Any] = {}
        self._breakers: dict[str, Any] = {}
        self._resting: dict[str, Any] = {}

    def take(self, changes: Packed) -> None:
        """Take what has changed."""
        self._head = changes["head"]
        self._series.update((tuple(labels), values) for labels, values in changes["series"])
        self._hops.update((tuple(key), values) for key, values in changes["hops"])
        self._breakers = changes["breakers"]
        self._resting = changes["resting"]

    def packed(self) -> Packed | None:
        """Return all figures as they are now, or None if there are none yet. The next change leaves them alone."""
        if not self._head:
            return None
        return {
            "head": self._head,
            "series": list(self._series.items()),
            "hops": list(self._hops.items()),
            "breakers": self._breakers,
            "resting": self._resting,
        }


def _stamp_of_figures(figures: Figures) -> Hashable:
    """Return what is another value whenever anything was counted."""
    return (
        *(figures.requests, figures.attempts, figures.input_tokens, figures.output_tokens),
        *(histogram.get_total_count() for histogram in (figures.latency, figures.first_token, figures.speed)),
    )


def _stamp_of_hop(hop: HopFigures) -> Hashable:
    return (hop.depth, *hop.counts.values(), hop.queue.get_total_count(), hop.work.get_total_count())


def _packed_figures(figures: Figures) -> list[Any]:
    return [
        *(figures.requests, figures.attempts, figures.input_tokens, figures.output_tokens),
        *(figures.cost, figures.unpriced, figures.uncounted),
        *(dict(counter) for counter in (figures.outcomes, figures.errors, figures.cache, figures.faults)),
        *_encoded((figures.latency, figures.first_token, figures.speed)),
        [figures.images, figures.characters, figures.audio_seconds],
    ]


def _figures(values: list[Any]) -> Figures:
    requests, attempts, taken, given, cost, unpriced, uncounted, outcomes, errors, cache, faults, *histograms = values
    figures = Figures(
        requests=requests,
        attempts=attempts,
        input_tokens=taken,
        output_tokens=given,
        cost=cost,
        unpriced=unpriced,
        uncounted=uncounted,
        outcomes=Counter(outcomes),
        errors=Counter(errors),
        cache=Counter(cache),
        faults=Counter(faults),
    )
    figures.images, figures.characters, figures.audio_seconds = histograms.pop()
    for name, encoded in zip(("latency", "first_token", "speed"), histograms, strict=True):
        if encoded is not None:
            setattr(figures, name, HdrHistogram.decode(encoded))
    return figures


def _packed_hop(hop: HopFigures) -> list[Any]:
    return [hop.depth, [hop.counts[name] for name in COUNTS], *_encoded((hop.queue, hop.work))]


def _hop(name: str, lane: str, values: list[Any]) -> HopFigures:
    depth, counts, queue, work = values
    return HopFigures(name, lane, depth, dict(zip(COUNTS, counts, strict=True)), _decoded(queue), _decoded(work))


def _encoded(histograms: Iterable[HdrHistogram]) -> Iterable[bytes | None]:
    """Yield each, encoded; None where nothing was measured, which most of them are."""
    for histogram in histograms:
        yield histogram.encode() if histogram.get_total_count() else None


def _decoded(encoded: bytes | None) -> HdrHistogram:
    return HdrHistogram.decode(encoded) if encoded is not None else Figures().latency

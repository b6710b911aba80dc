"""Latencies over time: counts in equal intervals, which grow when a run takes longer than they reach."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

INTERVALS = 240
"""The most intervals; one more doubles the length of all."""
STEPS = 16
"""Latencies that are told apart between one and twice it: so a percentile is right within 4%."""


@dataclass(slots=True)
class Interval:
    """What became of the requests whose time was in this interval.

    Attributes:
        latencies: How many answers took about so long, by steps of their logarithm.
        errors: How many failed.
    """

    latencies: Counter[int] = field(default_factory=Counter)
    errors: int = 0

    def merge(self, other: Interval) -> None:
        """Add what another interval has."""
        self.latencies.update(other.latencies)
        self.errors += other.errors

    def percentile(self, share: float) -> float | None:
        """Return the seconds within which this share of the answers came, or None where there were none."""
        left = math.ceil(self.latencies.total() * share)
        for step in sorted(self.latencies):
            left -= self.latencies[step]
            if left <= 0:
                return float(2 ** (step / STEPS) * 1e-6)
        return None


class Timeline:
    """Latencies by when the requests were meant to be sent, which shows a stall where it began.

    Args:
        width: Seconds that an interval has at first.
    """

    def __init__(self, width: float = 0.25) -> None:
        self.width = width
        self.intervals: list[Interval] = []

    def answered(self, at: float, latency: float) -> None:
        """Count an answer. ``at`` is in seconds after the beginning."""
        self._at(at).latencies[round(math.log2(max(latency, 1e-6) * 1e6) * STEPS)] += 1

    def failed(self, at: float) -> None:
        """Count a failure."""
        self._at(at).errors += 1

    def _at(self, at: float) -> Interval:
        place = max(0, int(at / self.width))
        while place >= INTERVALS:
            self._double()
            place = int(at / self.width)
        while place >= len(self.intervals):
            self.intervals.append(Interval())
        return self.intervals[place]

    def _double(self) -> None:
        self.width *= 2
        for even, odd in zip(self.intervals[::2], self.intervals[1::2], strict=False):
            even.merge(odd)
        del self.intervals[1::2]

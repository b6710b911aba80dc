"""What has been seen of targets: calls under way, waiting times, failures, and what is left of their quotas.

`call` tells, strategies ask. Pure: it is told the time, in seconds on one monotonic clock. All of it is this process'
own: with several workers each learns by itself, and from its own share of the calls.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field

from ..exchange import Target
from .quota import Quota

MAX_TARGETS = 10_000
"""Targets that are remembered; the one not called for longest is forgotten."""
MEMORY = 10.0
"""Seconds in which what was seen of waiting times loses two thirds of its weight."""
HEALTH_MEMORY = 60.0
"""The same for calls that failed and that did not."""
ENOUGH = 5.0
"""Calls, by their weights, from which on the share of failures tells anything."""


@dataclass(slots=True)
class PeakEwma:
    """A moving average that follows a rise at once and a fall slowly, so that a target in trouble is left early.

    https://github.com/twitter/finagle/blob/develop/finagle-core/src/main/scala/com/twitter/finagle/loadbalancer/PeakEwma.scala
    """

    value: float | None = None
    at: float = 0.0

    def add(self, sample: float, now: float) -> None:
        """Take in a time that was measured."""
        if self.value is None or sample > self.value:
            self.value = sample
        else:
            weight = math.exp(-max(0.0, now - self.at) / MEMORY)
            self.value = self.value * weight + sample * (1.0 - weight)
        self.at = now


@dataclass(slots=True)
class Seen:
    """What has been seen of one target.

    Attributes:
        in_flight: Calls under way.
        first_token: Seconds to the first content of streams.
        answer: Seconds to the whole answer of plain calls.
        quota: What its provider has said is left, or None.
    """

    in_flight: int = 0
    first_token: PeakEwma = field(default_factory=PeakEwma)
    answer: PeakEwma = field(default_factory=PeakEwma)
    quota: Quota | None = None
    _well: float = 0.0
    _failed: float = 0.0
    _at: float = 0.0

    def waited(self, *, stream: bool) -> float | None:
        """Return the seconds that an answer of a kind takes to begin; of the other kind if there was none of this."""
        one, other = (self.first_token, self.answer) if stream else (self.answer, self.first_token)
        return one.value if one.value is not None else other.value

    def ended(self, *, well: bool, now: float) -> None:
        """Note how a call ended, where that tells anything of the target."""
        self._fade(now)
        if well:
            self._well += 1.0
        else:
            self._failed += 1.0

    def success(self, now: float) -> float | None:
        """Return the share of calls that went well lately, or None while there are too few to tell."""
        self._fade(now)
        total = self._well + self._failed
        return self._well / total if total >= ENOUGH else None

    def _fade(self, now: float) -> None:
        if now > self._at:
            weight = math.exp(-(now - self._at) / HEALTH_MEMORY)
            self._well *= weight
            self._failed *= weight
            self._at = now


class Observed:
    """What has been seen of all targets."""

    def __init__(self, limit: int = MAX_TARGETS) -> None:
        self._limit = limit
        self._seen: OrderedDict[Target, Seen] = OrderedDict()

    def of(self, target: Target) -> Seen | None:
        """Return what has been seen of a target, or None."""
        return self._seen.get(target)

    def begun(self, target: Target) -> Seen:
        """Note that a call begins, and return where the rest is to be noted. Who calls this counts it out again."""
        seen = self._seen.get(target)
        if seen is None:
            if len(self._seen) >= self._limit:
                self._seen.popitem(last=False)
            seen = self._seen[target] = Seen()
        else:
            self._seen.move_to_end(target)
        seen.in_flight += 1
        return seen

"""What one hop has done: counts that only grow, and how long exchanges queued and were worked on."""

from __future__ import annotations

from hdrh.histogram import HdrHistogram

from .metrics import HIGHEST_MICROSECONDS
from .stage import Lane

_COUNT_AT = 256
_FOLD_AT = 1024


class Spread:
    """A histogram of times that costs next to nothing to write.

    Times are kept as they come. When there are many, they are cut to eight significant bits, which is as finely as the
    histogram's two digits tell them apart, and counted: few distinct ones are left. These go into the HdrHistogram,
    which takes 2 us for each, when somebody looks.
    """

    __slots__ = ("_counts", "_histogram", "_times")

    def __init__(self) -> None:
        self._times: list[float] = []
        self._counts: dict[int, int] = {}
        self._histogram = HdrHistogram(1, HIGHEST_MICROSECONDS, 2)

    def record(self, seconds: float) -> None:
        """Add one time, in seconds."""
        self._times.append(seconds)
        if len(self._times) >= _COUNT_AT:
            self._count()

    def _count(self) -> None:
        counts = self._counts
        for seconds in self._times:
            key = int(seconds * 1e6)
            if key > 255:
                spare = key.bit_length() - 8
                key = key >> spare << spare
            counts[key] = counts.get(key, 0) + 1
        self._times.clear()
        if len(counts) >= _FOLD_AT:
            self._fold()

    def _fold(self) -> None:
        for value, count in self._counts.items():
            self._histogram.record_value(min(HIGHEST_MICROSECONDS, max(1, value)), count)
        self._counts.clear()

    @property
    def histogram(self) -> HdrHistogram:
        """All times so far, in microseconds."""
        self._count()
        self._fold()
        return self._histogram


class HopGauge:
    """The figures of one hop.

    Attributes:
        passed: Exchanges that went on to the next stage.
        replied: Exchanges that this stage answered.
        refused: Exchanges that it refused with an error of its own.
        crashed: Exchanges that ended because the stage has a bug.
        cut: Exchanges that left while they waited in the stage: their client went, or their deadline passed.
        ghosts: Exchanges that had ended by the time the worker found them in the inbox.
        depth: Exchanges in the inbox when the gauge was last asked for.
        queue: Time from being put into the inbox to being judged.
        work: Time in ``judge`` or ``attend``.
    """

    __slots__ = ("crashed", "cut", "depth", "ghosts", "lane", "name", "passed", "queue", "refused", "replied", "work")

    def __init__(self, name: str, lane: Lane) -> None:
        self.name = name
        self.lane = lane
        self.passed = 0
        self.replied = 0
        self.refused = 0
        self.crashed = 0
        self.cut = 0
        self.ghosts = 0
        self.depth = 0
        self.queue = Spread()
        self.work = Spread()

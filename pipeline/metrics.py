"""What the gateway counts while it runs: totals that only grow, and histograms.

`meter` writes, the admin pages read. Every label set is bounded: what does not fit is counted under ``other``. Series
that are known from the start have a place of their own; the names that come up later share the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from hdrh.histogram import HdrHistogram

MAX_SERIES = 500
"""The most series of one process beside those that are reserved. One takes up to 35 KB, so all of them 17 MB."""
MAX_CODES = 100
"""The most error codes counted apart in one series."""
MAX_CODE = 128
"""Characters of an error code that is counted apart."""
OTHER = "other"
HIGHEST_MICROSECONDS = 3_600_000_000
HIGHEST_SPEED = 1_000_000


class Series(NamedTuple):
    """The labels of one line of figures. Empty where a request never got so far."""

    operation: str
    provider: str
    model: str


def _times() -> HdrHistogram:
    return HdrHistogram(1, HIGHEST_MICROSECONDS, 2, word_size=4)


def _speeds() -> HdrHistogram:
    return HdrHistogram(1, HIGHEST_SPEED, 2, word_size=4)


@dataclass(slots=True)
class Figures:
    """Totals of one series.

    A request is counted once, under the target that answered it or, if none did, that it asked last. An attempt is
    counted under its own target, so that failures hidden by failover are seen too.

    Attributes:
        requests: Requests that ended.
        outcomes: Their outcomes: ``ok``, ``failed``, ``cancelled``.
        errors: Codes of the errors that callers got.
        cache: What the cache did: ``hit``, ``miss``, ``bypass``.
        attempts: Calls of the target.
        faults: Codes of the errors of such calls, also of those that nobody saw.
        input_tokens: Tokens that the target took in; answers from the cache take none.
        output_tokens: Tokens that it gave.
        cost: Nano-dollars that its calls have cost, also of those whose answer nobody saw.
        unpriced: Calls that have used something whose price is not known; they are not in ``cost``.
        uncounted: Requests that a limit has let pass without counting them, since its store was away.
        latency: From a request's start to its end, in microseconds.
        first_token: From a request's start to the first content of a stream, in microseconds.
        speed: Output tokens per second of each answer.
        images: Images that the target made; as with tokens, those from the cache are not among them.
        characters: Characters that it said.
        audio_seconds: Seconds of sound that it took in or gave.
    """

    requests: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    cache: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0
    unpriced: int = 0
    uncounted: int = 0
    latency: HdrHistogram = field(default_factory=_times)
    first_token: HdrHistogram = field(default_factory=_times)
    speed: HdrHistogram = field(default_factory=_speeds)
    images: int = 0
    characters: int = 0
    audio_seconds: float = 0.0


class Metrics:
    """All figures of one process.

    Attributes:
        series: Figures by their labels, in order of first use.
        overflowed: How many figures were counted under ``other`` because there was no place for their series.
    """

    def __init__(self, *, max_series: int = MAX_SERIES) -> None:
        self.series: dict[Series, Figures] = {}
        self.overflowed = 0
        self._reserved: set[Series] = set()
        # One place is kept for what does not fit.
        self._free = max_series - 1

    @property
    def room(self) -> bool:
        """Whether a series that is not reserved still finds a place."""
        return self._free > 0

    @property
    def reserved(self) -> int:
        """How many places are kept."""
        return len(self._reserved)

    def reserve(self, series: Iterable[Series]) -> None:
        """Keep places, whatever else comes up before they are used. Until then they take no memory to speak of."""
        self._reserved.update(series)

    def figures(self, series: Series) -> Figures:
        """Return the figures to add to, making them at first use, within the bound."""
        found = self.series.get(series)
        return found if found is not None else self._placed(series)

    def _placed(self, series: Series) -> Figures:
        """Return the figures of a series that has none: new ones, or those of the ``other`` nearest to it."""
        if series not in self._reserved:
            if self._free > 0:
                self._free -= 1
            else:
                self.overflowed += 1
                nearest = series._replace(model=OTHER)
                series = nearest if nearest in self._reserved else Series(OTHER, OTHER, OTHER)
        return self.series.setdefault(series, Figures())


def count_code(codes: Counter[str], code: str, count: int = 1) -> None:
    """Add to an error code. A provider may invent codes, so those that are too many or too long are ``other``."""
    codes[code if code in codes or (len(codes) < MAX_CODES - 1 and len(code) <= MAX_CODE) else OTHER] += count


def microseconds(seconds: float) -> int:
    """Return a time as the histograms take it: whole microseconds, at least 1."""
    return min(HIGHEST_MICROSECONDS, max(1, round(seconds * 1_000_000)))


def whole_speed(tokens_per_second: float) -> int:
    """Return a speed as its histogram takes it: whole tokens per second, at least 1."""
    return min(HIGHEST_SPEED, max(1, round(tokens_per_second)))

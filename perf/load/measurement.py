"""What a run of load has measured, in memory that does not grow with it."""

from __future__ import annotations

from collections import Counter

from hdrh.histogram import HdrHistogram

from .timeline import Timeline

LONGEST = 3600
"""Seconds; a longer latency counts as this."""


def histogram() -> HdrHistogram:
    """Return a histogram of microseconds, with three digits."""
    return HdrHistogram(1, LONGEST * 1_000_000, 3)


class Measurement:
    """Counts answers, failures and their times.

    Latency runs from the moment for which a request was *meant*, not from that at which it could be sent: a server
    that stalls for a second makes all requests of that second late, and with the other reckoning only one would show
    it ("coordinated omission"; http://highscalability.com/blog/2015/10/5/your-load-generator-is-probably-lying-to-you).
    Failures are counted by kind, and have no latency.

    Attributes:
        latency: To the end of each good answer.
        first: To the first content of each stream.
        late: How long after its time each request was sent.
        errors: How many failed, by kind.
        chunks: Events of streams.
        begun: When the run began, and ``ended`` when it ended, on the engine's clock.
        interrupted: Whether it was ended early.
        unfinished: Requests that had no answer yet when it was.
        reconnects: Requests that were sent again, since the server had closed an idle connection meanwhile.
    """

    def __init__(self) -> None:
        self.latency = histogram()
        self.first = histogram()
        self.late = histogram()
        self.errors: Counter[str] = Counter()
        self.timeline = Timeline()
        self.answers = 0
        self.chunks = 0
        self.begun = 0.0
        self.ended = 0.0
        self.interrupted = False
        self.unfinished = 0
        self.reconnects = 0

    @property
    def requests(self) -> int:
        """Requests that have an end."""
        return self.answers + self.failures

    @property
    def failures(self) -> int:
        """Requests that failed."""
        return self.errors.total()

    @property
    def duration(self) -> float:
        """Seconds from the beginning to the end."""
        return self.ended - self.begun

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return self.answers / self.duration if self.duration > 0 else 0.0

    @property
    def error_rate(self) -> float:
        """The share of the requests that failed."""
        return self.failures / self.requests if self.requests else 0.0

    def sent(self, intended: float, now: float) -> None:
        """Note when a request was sent that was meant for another time."""
        self.late.record_value(_micros(now - intended))

    def answered(self, intended: float, now: float, *, first: float | None = None, chunks: int = 0) -> None:
        """Count a good answer.

        Args:
            intended: When the request was meant to be sent, on the engine's clock.
            now: When the answer was complete.
            first: When its first content came, if it is a stream.
            chunks: Events in it.
        """
        self.answers += 1
        self.chunks += chunks
        self.latency.record_value(_micros(now - intended))
        self.timeline.answered(intended - self.begun, now - intended)
        if first is not None:
            self.first.record_value(_micros(first - intended))

    def failed(self, intended: float, kind: str) -> None:
        """Count a failure."""
        self.errors[kind] += 1
        self.timeline.failed(intended - self.begun)


def _micros(seconds: float) -> int:
    return min(max(1, round(seconds * 1e6)), LONGEST * 1_000_000)


def quantile(measured: HdrHistogram, percent: float) -> float:
    """Return the seconds within which ``percent`` of what was counted lies; 0.0 where nothing was."""
    return float(measured.get_value_at_percentile(percent)) / 1e6 if measured.get_total_count() else 0.0

"""The periods of budgets: days and months of UTC. Times are seconds since the epoch."""

from __future__ import annotations

import calendar
import math
import time
from typing import NamedTuple

from sluicegate.pipeline.caller import Period

DAY = 86_400


class Span(NamedTuple):
    """One period: its name, such as ``2026-11-25``, its first second, and that of the next one."""

    name: str
    begin: float
    end: float


FOR_GOOD = Span("total", 0.0, math.inf)


def span_of(period: Period, now: float) -> Span:
    """Return the period that ``now`` lies in."""
    if period == "total":
        return FOR_GOOD
    year, month, day, *_ = time.gmtime(now)
    if period == "day":
        begin = calendar.timegm((year, month, day, 0, 0, 0))
        return Span(f"{year:04}-{month:02}-{day:02}", begin, begin + DAY)
    begin = calendar.timegm((year, month, 1, 0, 0, 0))
    return Span(f"{year:04}-{month:02}", begin, begin + calendar.monthrange(year, month)[1] * DAY)


def moment(seconds: float) -> str:
    """Return a time as RFC 3339 has it, in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))

import calendar
import math

import pytest

from sluicegate.pipeline.caller import Period
from sluicegate.stages.parts.periods import moment, span_of


def at(*moment: int) -> float:
    return calendar.timegm((*moment, *(0,) * (9 - len(moment))))


@pytest.mark.parametrize(
    ("period", "now", "name", "begin", "end"),
    [
        ("day", at(2026, 11, 25, 23, 59, 59), "2026-11-25", at(2026, 11, 25), at(2026, 11, 26)),
        ("day", at(2026, 11, 26), "2026-11-26", at(2026, 11, 26), at(2026, 11, 27)),
        ("day", at(2026, 12, 31, 12), "2026-12-31", at(2026, 12, 31), at(2027, 1, 1)),
        ("month", at(2026, 12, 31, 23, 59, 59), "2026-12", at(2026, 12, 1), at(2027, 1, 1)),
        ("month", at(2028, 2, 29, 1), "2028-02", at(2028, 2, 1), at(2028, 3, 1)),
        ("total", at(2026, 11, 25), "total", 0.0, math.inf),
    ],
)
def test_periods_are_those_of_utc(period: Period, now: float, name: str, begin: float, end: float) -> None:
    assert span_of(period, now) == (name, begin, end)


def test_the_last_moment_of_a_day_is_that_days() -> None:
    assert span_of("day", at(2026, 11, 26) - 0.001).name == "2026-11-25"


def test_a_moment_is_told_to_the_second() -> None:
    assert moment(at(2026, 11, 26) + 0.9) == "2026-11-26T00:00:00Z"

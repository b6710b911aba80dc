"""Ratios of two things that were measured by turns, with the interval in which the true one lies 95 times in 100."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

# Where Student's distribution has 97.5 in 100 below, for 1 to 30 degrees of freedom; then the normal one's.
# https://www.itl.nist.gov/div898/handbook/eda/section3/eda3672.htm
_T = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131),
    *(2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
_NORMAL = 1.960


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times the one the other is.

    Attributes:
        value: The geometric mean of the rounds' ratios.
        low: Where the interval begins; with a single round there is none, and it is ``value``.
        high: Where it ends.
    """

    value: float
    low: float
    high: float


def ratio(a: Sequence[float], b: Sequence[float]) -> Ratio:
    """Return B/A, from figures above zero that were measured in the same rounds.

    The interval is Student's, over the logarithms of the rounds' ratios: what slows both sides of a round is no part of
    it, and half as fast is as far from 1 as twice as fast.

    Raises:
        ValueError: There is no round, or a figure is not above zero.
    """
    logs = [math.log(two / one) for one, two in zip(a, b, strict=True) if one > 0 and two > 0]
    if not logs or len(logs) < len(a):
        raise ValueError("a ratio needs figures above zero")
    middle = statistics.fmean(logs)
    reach = 0.0
    if len(logs) > 1:
        freedom = len(logs) - 1
        t = _T[freedom - 1] if freedom <= len(_T) else _NORMAL
        reach = t * statistics.stdev(logs) / math.sqrt(len(logs))
    return Ratio(math.exp(middle), math.exp(middle - reach), math.exp(middle + reach))

"""The latency that a gateway adds: at each quantile, the difference between asking through it and asking directly."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from .load.measurement import quantile
from .load.target import Target
from .load.traffic import Traffic, check

PERCENTS = (50.0, 90.0, 99.0)
ROUNDS = 5
WARM = 500
"""Requests to each side before anything counts."""


@dataclass(frozen=True, slots=True)
class Added:
    """Seconds by percentile: the medians of all rounds.

    Attributes:
        direct: Without the gateway.
        through: With it.
        added: The median of the rounds' differences, which is not the difference of the medians.
        rounds: The differences of each round.
    """

    direct: dict[float, float]
    through: dict[float, float]
    added: dict[float, float]
    rounds: list[dict[float, float]]


def measure_added(
    direct: Target,
    through: Target,
    traffic: Traffic,
    *,
    rounds: int = ROUNDS,
    percents: Sequence[float] = PERCENTS,
    warm: int = WARM,
) -> Added:
    """Ask directly and through the gateway by turns; the one that begins changes from round to round.

    Raises:
        Failed: More than one in a hundred requests of a round failed.
        KeyboardInterrupt: It was interrupted.
    """
    found: dict[Target, list[dict[float, float]]] = {direct: [], through: []}
    for side in found:
        check(side, traffic.send(side, warm))
    for number in range(rounds):
        for side in (direct, through) if number % 2 == 0 else (through, direct):
            latency = check(side, traffic.send(side)).latency
            found[side].append({percent: quantile(latency, percent) for percent in percents})
    differences = [
        {percent: with_it[percent] - without[percent] for percent in percents}
        for without, with_it in zip(found[direct], found[through], strict=True)
    ]
    return Added(
        _medians(found[direct], percents),
        _medians(found[through], percents),
        _medians(differences, percents),
        differences,
    )


def _medians(rounds: list[dict[float, float]], percents: Sequence[float]) -> dict[float, float]:
    return {percent: statistics.median(one[percent] for one in rounds) for percent in percents}

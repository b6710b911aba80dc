"""Two targets under the same load by turns, in one run: what one is of the other, and how sure that is.

A machine's noise shifts both sides of a round alike, so that their ratio can be relied on where neither figure can.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .added import WARM
from .load.measurement import quantile
from .load.target import Target, target_of
from .load.traffic import Traffic, check
from .processes import gateway
from .ratios import Ratio, ratio
from .usage import Unknown, cpu_time

THROUGHPUT, P50, P99, CPU = "throughput", "p50", "p99", "cpu"
UNITS = {THROUGHPUT: "requests/s", P50: "ms", P99: "ms", CPU: "us of CPU a request"}
Told = Callable[[int, str], None]
"""Takes the number of a round and the side that is being measured."""


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two.

    Attributes:
        name: As it was given.
        target: Where it is.
        pid: Of its process if it is ours, else None.
    """

    name: str
    target: Target
    pid: int | None = None


@contextmanager
def sides(
    names: tuple[str, str], *, key: str | None, on: Collection[int] = (), pythons: tuple[str | None, str | None]
) -> Iterator[tuple[Side, Side]]:
    """Give both sides for as long as the block runs. What is no URL is a configuration, and is served meanwhile.

    Args:
        names: URLs or files.
        key: The caller's.
        on: The cores that gateways are kept on.
        pythons: The interpreters to serve with, such as those of two commits' environments; None is this one.

    Raises:
        ValueError: A URL is none that load can be sent to.
        OSError: A host's name is not known.
        NotStarted: A gateway did not start.
    """
    with ExitStack() as stack:
        found = []
        for name, python in zip(names, pythons, strict=True):
            if "://" in name:
                found.append(Side(name, target_of(name, key)))
                continue
            running = stack.enter_context(gateway(Path(name), on=on, python=python or sys.executable))
            found.append(Side(name, target_of(running.url, key), running.pid))
        yield found[0], found[1]


def compare(
    a: Side, b: Side, traffic: Traffic, *, rounds: int, warm: int = WARM, told: Told | None = None
) -> dict[str, Any]:
    """Measure both by turns and return the report: each side's figures by round, and the ratios B/A.

    Ctrl-C ends it early, with the rounds that both sides have.

    Raises:
        Failed: More than one in a hundred requests of a round failed.
        KeyboardInterrupt: It was interrupted in the first round.
    """
    figures: tuple[list[dict[str, float]], list[dict[str, float]]] = ([], [])
    for one in (a, b):
        check(one.target, traffic.send(one.target, warm))
    interrupted = False
    try:
        for number in range(rounds):
            for place in (0, 1) if number % 2 == 0 else (1, 0):
                if told is not None:
                    told(number, "AB"[place])
                figures[place].append(_round((a, b)[place], traffic))
    except KeyboardInterrupt:
        interrupted = True
        whole = min(map(len, figures))
        if not whole:
            raise
        for rounds_of_one in figures:
            del rounds_of_one[whole:]
    return {
        "interrupted": interrupted,
        "a": {"target": a.name, "rounds": figures[0]},
        "b": {"target": b.name, "rounds": figures[1]},
        "ratios": {name: asdict(one) for name, one in ratios(*figures).items()},
    }


def ratios(a: list[dict[str, float]], b: list[dict[str, float]]) -> dict[str, Ratio]:
    """Return B/A of each figure that both sides have, in all rounds, above zero."""
    known = [name for name in UNITS if all(one.get(name, 0) > 0 for one in (*a, *b))]
    return {name: ratio([one[name] for one in a], [one[name] for one in b]) for name in known}


def broken(report: dict[str, Any], *, fail_below: float | None, fail_above: float | None) -> list[str]:
    """Return which thresholds the ratios break, in words.

    Args:
        report: From `compare`.
        fail_below: The least ratio of throughput.
        fail_above: The greatest ratio of p50, of p99, and of CPU time.
    """
    found = []
    for name, one in report["ratios"].items():
        value = one["value"]
        if name == THROUGHPUT and fail_below is not None and value < fail_below:
            found.append(f"throughput is {value:.3f} times that of A, at least {fail_below:g} is wanted")
        if name != THROUGHPUT and fail_above is not None and value > fail_above:
            found.append(f"{name} is {value:.3f} times that of A, at most {fail_above:g} is wanted")
    return found


def _round(side: Side, traffic: Traffic) -> dict[str, float]:
    before = _cpu(side)
    measured = check(side.target, traffic.send(side.target))
    after = _cpu(side)
    figures = {
        THROUGHPUT: round(measured.rate, 1),
        P50: round(quantile(measured.latency, 50) * 1000, 4),
        P99: round(quantile(measured.latency, 99) * 1000, 4),
    }
    if before is not None and after is not None:
        figures[CPU] = round((after - before) / measured.requests * 1e6, 2)
    return figures


def _cpu(side: Side) -> float | None:
    if side.pid is None or not os.path.isdir("/proc"):
        return None
    try:
        return cpu_time(side.pid)
    except Unknown:
        return None

"""Recorded traffic, sent again: at its own times, faster, at a rate, or as fast as it is answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from .load.engine import Engine, Rules
from .load.library import run_in_library
from .load.measurement import Measurement
from .load.shots import Timed, at_once, evenly, faster, poisson
from .load.target import target_of
from .report.document import document

Tick = Callable[[Measurement], None]


@dataclass(frozen=True, slots=True)
class Pace:
    """When requests are sent: one of the three, or as they were recorded.

    Attributes:
        speed: Times as fast as recorded.
        rate: So many a second, in the recorded order.
        random: At independent times with that rate, in place of equal pauses.
        connections: A closed loop on so many connections.
        seed: What random times are drawn from.
    """

    speed: float | None = None
    rate: float | None = None
    random: bool = False
    connections: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError if it says two things."""
        if sum(one is not None for one in (self.speed, self.rate, self.connections)) > 1:
            raise ValueError("a speed, a rate and a number of connections exclude each other")
        if self.random and self.rate is None:
            raise ValueError("random times need a rate")

    def __str__(self) -> str:
        """Say it as a report does."""
        if self.connections is not None:
            return f"closed loop on {self.connections} connections"
        if self.rate is not None:
            return f"open loop, {self.rate:g} a second {'at random' if self.random else 'evenly'}"
        if self.speed is None or self.speed == 1:
            return "open loop at the recorded times"
        return f"open loop, {self.speed:g} times as fast as recorded"

    def timed(self, recorded: Sequence[Timed], times: int = 1) -> Iterator[Timed]:
        """Yield recorded requests when they are to be sent, all of them ``times`` times, one behind the other."""
        shots = (one.shot for one in chain.from_iterable(repeat(recorded, times)))
        if self.connections is not None:
            return at_once(shots)
        if self.rate is not None:
            return poisson(shots, self.rate, self.seed) if self.random else evenly(shots, self.rate)
        return faster(_again(recorded, times), self.speed or 1.0)


def _again(recorded: Sequence[Timed], times: int) -> Iterator[Timed]:
    """Yield requests ``times`` times; the pause before the first again is that of an average request."""
    if not recorded:
        return
    length = recorded[-1].at * len(recorded) / max(1, len(recorded) - 1)
    for number in range(times):
        for one in recorded:
            yield Timed(one.at + number * length, one.shot)


@dataclass(frozen=True)
class Replay:
    """What is sent where, and how.

    Attributes:
        source: What the requests are called, such as the cassette's file.
        recorded: In the order of their arrival.
        target: A URL, or the configuration file of a gateway in this process.
        pace: When they are sent.
        times: How often all of them are sent.
        most: The most connections of an open loop.
        timeout: Seconds after which a request has failed.
        key: The caller's.
    """

    source: str
    recorded: Sequence[Timed]
    target: str | Path
    pace: Pace = Pace()
    times: int = 1
    most: int = 1000
    timeout: float = 60.0
    key: str | None = None

    @property
    def requests(self) -> int:
        """How many are sent in all."""
        return len(self.recorded) * self.times

    def run(self, tick: Tick | None = None) -> dict[str, Any]:
        """Send all, and return the report. Ctrl-C ends it early, with what was measured so far.

        Raises:
            ValueError: The URL is none that load can be sent to.
            OSError: Its name is not known.
            ConfigError: The configuration cannot be used.
        """
        closed = self.pace.connections is not None
        rules = Rules(closed, self.pace.connections or self.most, self.timeout)
        timed = self.pace.timed(self.recorded, self.times)
        measured, started = Measurement(), time.time()
        if isinstance(self.target, Path):
            shown = f"{self.target} (in this process)"
            run_in_library(self.target, self.key, timed, rules, measured, tick)
        else:
            target = target_of(self.target, self.key)
            shown = target.url
            Engine(target, timed, rules, measured, tick).run()
        about = {
            "target": shown,
            "source": self.source,
            "mode": str(self.pace),
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        }
        return document(measured, about)


def broken(report: dict[str, Any], *, max_error_rate: float | None, max_p99: float | None) -> list[str]:
    """Return which thresholds a report breaks, in words; ``max_p99`` is in seconds.

    A run without any good answer breaks the second: it has no latency that could be within it.
    """
    found = []
    if max_error_rate is not None and report["error_rate"] > max_error_rate:
        found.append(f"{report['error_rate']:.2%} of the requests failed, limit {max_error_rate:.2%}")
    if max_p99 is not None:
        latency = report["latency_ms"]
        if latency is None:
            found.append("no request had a good answer, so there is no p99")
        elif latency["p99"] > max_p99 * 1000:
            found.append(f"p99 is {latency['p99']:g} ms, limit {max_p99 * 1000:g} ms")
    return found

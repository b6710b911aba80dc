"""Send a million requests of all kinds, and fail where the gateway's resident memory grows from the 200,000th on.

What is sent: prompts that the cache has and such as it has not, plain and as streams, requests that are refused by one
stage or another, and an upstream that fails and breaks off now and then.

Run: ``python -m sluicegate.perf.bench.soak``
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from ..load.engine import Engine, Rules
from ..load.measurement import Measurement
from ..load.shots import Shot, at_once, chats
from ..processes import simulator
from ..usage import resident
from . import machine
from .plain import MIB
from .rows import Row, at_most, row_table, table
from .sections import REPORT, NoSection, write
from .stand import MODEL, Stand, upstream

REQUESTS = 1_000_000
SETTLED = 0.2
"""The share of the requests after which everything that may grow has grown."""
STEP = 0.1
"""The share of the requests between two figures."""
MOST = 0.02
MINUTES = 20.0
CONNECTIONS = 32
FAULTS = ("--error-rate", "0.02", "--cut-rate", "0.01", "--limit-rate", "0.01", "--retry-after", "1ms")
QUICK = {"retry_delay": "1ms", "circuit_breaker": {"failures": 100}}
"""Of the provider: faults must not make the run wait."""
REPEATED = 20
"""Of so many requests, each kind has its places."""


def mixed() -> Iterator[Shot]:
    """Yield requests of all kinds for ever, in the same order each time."""
    fresh, long = chats(MODEL), chats(MODEL, size=20_000, start=1 << 40)
    streams = chats(MODEL, stream=True, start=1 << 41)
    known = [next(chats(MODEL, start=(1 << 42) + place)) for place in range(16)]
    known_streams = [next(chats(MODEL, stream=True, start=(1 << 43) + place)) for place in range(16)]
    refused = (
        Shot("chat", b'{"model":"demo","messages":[{"role":"user","content":"about Project Heron"}]}'),
        Shot("chat", b'{"model":"no such model","messages":[{"role":"user","content":"x"}]}'),
        Shot("chat", b'{"model":"demo","messages":"no list"}'),
        Shot("chat", b'{"model":"demo","messages":[{"role":"user","content":"' + b"x" * 250_000 + b'"}]}'),
    )
    for number in count():
        place, turn = number % REPEATED, number // REPEATED
        if place < 5:
            yield known[(turn * 5 + place) % len(known)]
        elif place < 7:
            yield known_streams[(turn * 2 + place) % len(known_streams)]
        elif place < 10:
            yield next(streams)
        elif place < 12:
            yield refused[(turn * 2 + place) % len(refused)]
        else:
            yield next(long if place == 12 else fresh)


@dataclass
class Watch:
    """Looks at the gateway's memory as requests are done.

    Memory goes up and down as Python finds garbage, so what counts is the median of some hundred looks.

    Args:
        pid: The gateway's.
        step: Requests from one median to the next.
        look: Returns the bytes of memory of a process.

    Attributes:
        seen: (requests, bytes) of each median.
    """

    pid: int
    step: int
    seen: list[tuple[int, int]] = field(default_factory=list)
    look: Callable[[int], int] = resident
    _looks: list[int] = field(default_factory=list)

    def __call__(self, measured: Measurement) -> None:
        """Look; with enough requests done, take the median."""
        self._looks.append(self.look(self.pid))
        if measured.requests >= self.step * (len(self.seen) + 1):
            self.conclude(measured)

    def conclude(self, measured: Measurement) -> None:
        """Take the median of what was seen since the last one, if anything was."""
        if not self._looks:
            return
        self.seen.append((measured.requests, int(statistics.median(self._looks))))
        low, high = min(self._looks) / MIB, max(self._looks) / MIB
        self._looks.clear()
        requests, size = self.seen[-1]
        shown = f"{requests:>9,} requests  {size / MIB:7.1f} MiB resident, {low:.1f} to {high:.1f}"
        print(time.strftime("%H:%M:%S"), shown, flush=True)

    def growth(self, settled: int) -> float:
        """Return by which share the median of memory has grown at most since so many requests were done.

        Raises:
            ValueError: There are no two medians since.
        """
        sizes = [size for requests, size in self.seen if requests >= settled]
        if len(sizes) < 2:
            raise ValueError("the run ended too soon to tell")
        return max(sizes[1:]) / sizes[0] - 1


def soak(stand: Stand, requests: int, seconds: float) -> tuple[Measurement, Watch]:
    """Send so many requests, or as many as there is time for, and return what was measured."""
    stand.apart()
    with (
        simulator(*FAULTS, on=stand.load) as answering,
        stand.serve(upstream(answering.url, **QUICK), log=Path(os.devnull)) as served,
    ):
        watch = Watch(served.pid, max(1, round(requests * STEP)))
        rules = Rules(closed=True, connections=CONNECTIONS, seconds=seconds)
        measured = Engine(served.target, at_once(mixed(), requests), rules, Measurement(), watch).run()
        if len(watch.seen) * watch.step < requests:
            watch.conclude(measured)
    return measured, watch


def rows(measured: Measurement, watch: Watch, requests: int) -> list[Row]:
    """Return what is to be known."""
    settled = round(requests * SETTLED)
    ends = ", ".join(f"{kind} {many:,}" for kind, many in measured.errors.most_common())
    what = f"growth of resident memory since request {settled:,}"
    return [
        Row("requests", f"{measured.requests:,} in {measured.duration:.0f} s"),
        Row("answered well, and not", f"{measured.answers:,}; {ends or 'none'}"),
        *(Row(f"resident memory until request {done:,}, median", f"{size / MIB:.1f} MiB") for done, size in watch.seen),
        at_most(what, watch.growth(settled) * 100, MOST * 100, "%"),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run, print and write; return 1 where memory grows, or there was no time to tell."""
    parser = argparse.ArgumentParser(prog="python -m sluicegate.perf.bench.soak")
    parser.add_argument("--report", type=Path, default=REPORT, help="the file that has a section `soak`")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="how many")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="end after so many")
    options = parser.parse_args(arguments)
    about, work = machine.facts(), machine.OtherWork()
    measured, watch = soak(Stand(), options.requests, options.minutes * 60)
    about.append(("other work on the machine meanwhile", work.told()))
    try:
        found = rows(measured, watch, options.requests)
        print(*found, sep="\n")
        write(options.report, "soak", f"{table(('', ''), about)}\n\n{row_table(found)}")
    except (OSError, ValueError, NoSection) as error:
        print(error, file=sys.stderr)
        return 1
    return 1 if measured.interrupted or measured.requests < options.requests or not found[-1].reached else 0


if __name__ == "__main__":
    sys.exit(main())

"""Compare this checkout with another commit: plain chat with everything on, by turns in one run.

The other commit is installed in an environment of its own, whose interpreter is the argument. The configuration is that
of the standard set. Fails where this checkout answers fewer than LEAST of the other's requests a second.

Run: ``python -m sluicegate.perf.bench.before ../before/.venv/bin/python``
"""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from ..compare import Side, broken, compare
from ..load.traffic import Failed, Traffic
from ..processes import NotStarted, simulator
from ..report.ratios import print_comparison
from .stand import MODEL, Stand, upstream

LEAST = 0.85
ROUNDS = 7
REQUESTS = 5000


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return 1 where this checkout is too slow, or one of the two fails."""
    parser = argparse.ArgumentParser(prog="python -m sluicegate.perf.bench.before")
    parser.add_argument("python", help="the interpreter of the other commit's environment")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each has its turn")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="in each turn")
    options = parser.parse_args(arguments)
    stand = Stand()
    stand.apart()
    try:
        with (
            simulator(on=stand.load) as answering,
            stand.serve(upstream(answering.url), python=options.python) as before,
            stand.serve(upstream(answering.url)) as now,
        ):
            sides = (Side(options.python, before.target, before.pid), Side("this checkout", now.target, now.pid))
            report = compare(*sides, Traffic(MODEL, options.requests), rounds=options.rounds)
    except (Failed, NotStarted, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print_comparison(report, Console())
    said = broken(report, fail_below=LEAST, fail_above=None)
    print(*said, sep="\n", end="\n" if said else "", file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())

"""Measure 100,000 idle connections and 8,000 open streams, and write it into perf/REPORT.md.

Run: ``python -m sluicegate.perf.bench.connections``
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import machine
from .crowd import measure_crowd
from .idle import measure_idle
from .rows import Row, row_table, table
from .sections import REPORT, NoSection, write
from .stand import Stand

IDLE = 100_000
STREAMS = 8000


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m sluicegate.perf.bench.connections")
    parser.add_argument("--report", type=Path, default=REPORT, help="the file that has a section `connections`")
    parser.add_argument("--idle", type=int, default=IDLE, help="idle connections; 0 leaves them out")
    parser.add_argument("--streams", type=int, default=STREAMS, help="open streams; 0 leaves them out")
    options = parser.parse_args(arguments)
    about, stand, work = machine.facts(), Stand(), machine.OtherWork()
    rows: list[Row] = []

    def told(row: Row) -> None:
        print(row, flush=True)
        rows.append(row)

    if options.idle:
        measure_idle(stand, told, options.idle)
    if options.streams:
        measure_crowd(stand, told, options.streams)
    about.append(("other work on the machine meanwhile", work.told()))
    try:
        write(options.report, "connections", f"{table(('', ''), about)}\n\n{row_table(rows)}")
    except (OSError, NoSection) as error:
        print(f"{options.report} is not written: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Measure the standard set, which takes less than five minutes, and write it into perf/REPORT.md.

The gateway is kept on the first core, load and upstream on the others; only what is said to be on all cores is not. The
pipeline is the one that ships, with keys, limits, filter and cache on, and its access log goes to a file.

Run: ``python -m sluicegate.perf.bench``
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import machine
from .latency import measure_latency
from .plain import measure_plain, measure_start
from .replayed import SPEED, measure_traces, trace_table
from .rows import Row, row_table, table
from .sections import REPORT, NoSection, write
from .stand import Stand
from .streams import measure_streams
from .translation import measure_translation
from .workers import measure_workers


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; return 0 also where a target is not reached, for the machine decides that too."""
    parser = argparse.ArgumentParser(prog="python -m sluicegate.perf.bench", description="Measure the standard set.")
    parser.add_argument("--report", type=Path, default=REPORT, help="the file that has a section `standard`")
    report = parser.parse_args(arguments).report
    about = machine.facts()
    print(*(f"{name}: {value}" for name, value in about), sep="\n")
    others = machine.OtherWork()
    figures = measured(Stand())
    about.append(("other work on the machine meanwhile", others.told()))
    text = f"{table(('', ''), about)}\n\n{figures}"
    try:
        write(report, "standard", text)
    except (OSError, NoSection) as error:
        print(f"{report} is not written: {error}", file=sys.stderr)
        return 1
    return 0


def measured(stand: Stand) -> str:
    """Measure all and return it in Markdown."""
    rows: list[Row] = []

    def told(row: Row) -> None:
        print(row, flush=True)
        rows.append(row)

    capacity = measure_plain(stand, told)
    measure_latency(stand, told, capacity)
    measure_streams(stand, told)
    measure_start(stand, told)
    measure_workers(stand, told)
    traces = trace_table(measure_traces(stand))
    print(traces)
    translation = measure_translation(told)
    print(translation)
    return "\n\n".join(
        (
            row_table(rows),
            f"The traces that ship, {SPEED:g} times as fast as recorded, in front of an upstream that answers at once:",
            traces,
            "What it costs to bring a chat of 2 KB and its answer of 40 tokens from a caller's dialect into a "
            "provider's API and back, without sockets, beside one that passes through:",
            translation,
        )
    )


if __name__ == "__main__":
    sys.exit(main())

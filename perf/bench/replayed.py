"""The traces that ship, replayed through the gateway."""

from __future__ import annotations

from typing import Any

from sluicegate.adapters.stores.cassette import read_cassette

from ..load.shots import from_takes
from ..processes import simulator
from ..replay import Pace, Replay
from ..shelf import TRACES, find_cassette
from .rows import number, table
from .stand import KEY, Stand, upstream

SPEED = 6.0
LONG = {"filter": {"max_input_length": 1_000_000}}
"""The long prompts have 400,000 characters, which is more than the filter lets pass by default."""


def measure_traces(stand: Stand, names: tuple[str, ...] = tuple(TRACES), speed: float = SPEED) -> list[dict[str, Any]]:
    """Replay traces one after the other and return their reports, as `Replay.run` makes them."""
    stand.apart()
    reports = []
    with simulator(on=stand.load) as answering, stand.serve(upstream(answering.url), LONG) as served:
        for name in names:
            recorded = from_takes(read_cassette(find_cassette(name)))
            reports.append(Replay(name, recorded, served.running.url, Pace(speed=speed), key=KEY).run())
    return reports


def trace_table(reports: list[dict[str, Any]]) -> str:
    """Return the reports as a table in Markdown."""
    lines = []
    for report in reports:
        latency, first = report["latency_ms"], report["first_content_ms"]
        times = [latency["p50"], latency["p99"], first["p50"] if first else None]
        shown = [number(time) if time is not None else "" for time in times]
        errors = sum(report["errors"].values())
        lines.append((report["source"], f"{report['requests']:,}", *shown, str(errors)))
    titles = ("trace", "requests", "p50, ms", "p99, ms", "first content p50, ms", "errors")
    return table(titles, lines, right=range(1, len(titles)))

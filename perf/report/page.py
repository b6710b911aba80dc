"""A report as one page of HTML that asks nobody for anything: SVG for its charts, its style within, and no script."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from .chart import Axis, Line, Point, chart, linear

_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1b2027; --faint: #5b6570; --rule: #d9dee4;
  --a: #1c62b9; --b: #b3590a; --bad: #c02626; --bars: #a9bdd4; }
@media (prefers-color-scheme: dark) { :root { --back: #14181d; --text: #e6eaee; --faint: #9aa5b1; --rule: #303842;
  --a: #6aa9f7; --b: #f0a04b; --bad: #f47272; --bars: #3f5570; } }
body { margin: 2rem auto; max-width: 56rem; padding: 0 1rem; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 0.3rem; }
p { margin: 0.2rem 0; color: var(--faint); overflow-wrap: anywhere; }
.warning { color: var(--bad); font-weight: 600; }
.tables { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; margin: 0.5rem 0; }
th, td { padding: 0.25rem 0.6rem; border-bottom: 1px solid var(--rule); text-align: right; }
th:first-child, td:first-child { text-align: left; padding-left: 0; } th { color: var(--faint); font-weight: 500; }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; fill: var(--faint); }
.grid { stroke: var(--rule); fill: none; } .title { fill: var(--text); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.line.a { stroke: var(--a); } .line.b { stroke: var(--b); }
.bar.good { fill: var(--bars); } .bar.bad { fill: var(--bad); }
.legend { list-style: none; display: flex; gap: 1.2rem; padding: 0; margin: 0.2rem 0; color: var(--faint); }
.legend li::before { content: ""; display: inline-block; width: 0.9em; height: 0.5em; margin-right: 0.4em;
  border-radius: 2px; background: var(--mark); }
.legend .a { --mark: var(--a); } .legend .b { --mark: var(--b); }
.legend .good { --mark: var(--bars); } .legend .bad { --mark: var(--bad); }
"""
_ROWS = (
    ("latency_ms", "to the end of the answer"),
    ("first_content_ms", "to the first content"),
    ("late_ms", "sent after its time"),
)


def page(report: dict[str, Any]) -> str:
    """Return the page of a document made by `document`."""
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Load on {_text(report['target'])}</title><style>{_STYLE}</style></head><body>",
            *_opening(report),
            *_tables(report),
            "<h2>Latency by percentile</h2>",
            _by_percentile(report["percentiles"]),
            "<h2>Latency over time</h2>",
            "<p>By the moment for which requests were meant.</p>",
            _over_time(report["timeline"]),
            "<h2>Answers and errors over time</h2>",
            _answers(report["timeline"]),
            "</body></html>\n",
        ]
    )


def _text(value: object) -> str:
    return escape(str(value))


def _opening(report: dict[str, Any]) -> Iterator[str]:
    yield f"<h1>Load on {_text(report['target'])}</h1>"
    yield f"<p>{_text(report['source'])}, {_text(report['mode'])}; {_text(report['started'])}</p>"
    yield (
        f"<p>{report['answers']:,} good answers to {report['requests']:,} requests in {report['duration_s']:g} s: "
        f"{report['answers_per_s']:,g} a second.</p>"
    )
    if report["interrupted"]:
        yield f'<p class="warning">Interrupted: {report["unfinished"]:,} requests had no answer yet.</p>'


def _tables(report: dict[str, Any]) -> Iterator[str]:
    rows = [(name, report[field]) for field, name in _ROWS if report[field]]
    yield '<div class="tables">'
    if rows:
        heads = "".join(f"<th>{_text(name)}</th>" for name in rows[0][1])
        yield f"<table><tr><th>milliseconds</th>{heads}</tr>"
        for name, figures in rows:
            cells = "".join(f"<td>{value:,.2f}</td>" for value in figures.values())
            yield f"<tr><td>{_text(name)}</td>{cells}</tr>"
        yield "</table>"
    if report["errors"]:
        yield "<table><tr><th>errors</th><th>requests</th><th>share</th></tr>"
        for kind, number in report["errors"].items():
            yield f"<tr><td>{_text(kind)}</td><td>{number:,}</td><td>{number / report['requests']:.2%}</td></tr>"
        yield "</table>"
    yield "</div>"


def _by_percentile(percentiles: dict[str, Sequence[Point]]) -> str:
    """Draw latencies over percentiles, each nine as wide as the one before, as HdrHistogram's plots are."""
    lines = [
        Line("end of the answer", "a", _by_nines(percentiles["latency_ms"])),
        Line("first content", "b", _by_nines(percentiles["first_content_ms"])),
    ]
    nines = max((x for line in lines for x, _ in line.points), default=1.0)
    places = [(0, "0"), (math.log10(2), "50%"), (1, "90%"), (2, "99%"), (3, "99.9%"), (4, "99.99%"), (5, "99.999%")]
    x = Axis("percentile", max(1.0, nines), [(at, text) for at, text in places if at <= max(1.0, nines)])
    return chart("Latency by percentile", x, linear("milliseconds", _highest(lines)), lines)


def _by_nines(points: Sequence[Point]) -> list[Point]:
    return [(-math.log10(1 - percent / 100), value) for percent, value in points]


def _over_time(timeline: list[dict[str, Any]]) -> str:
    known = [one for one in timeline if one["p50_ms"] is not None]
    lines = [
        Line("half of the answers", "a", [(one["at_s"], one["p50_ms"]) for one in known]),
        Line("99 in 100", "b", [(one["at_s"], one["p99_ms"]) for one in known]),
    ]
    return chart("Latency over time", _seconds(timeline), linear("milliseconds", _highest(lines)), lines)


def _answers(timeline: list[dict[str, Any]]) -> str:
    width = _width(timeline)
    lines = [
        Line("all", "good", [(one["at_s"], (one["answers"] + one["errors"]) / width) for one in timeline], width),
        Line("errors", "bad", [(one["at_s"], one["errors"] / width) for one in timeline if one["errors"]], width),
    ]
    return chart("Answers and errors over time", _seconds(timeline), linear("a second", _highest(lines)), lines)


def _width(timeline: list[dict[str, Any]]) -> float:
    return float(timeline[1]["at_s"]) if len(timeline) > 1 else 0.25


def _seconds(timeline: list[dict[str, Any]]) -> Axis:
    end = max(1, len(timeline)) * _width(timeline)
    return Axis("seconds", end, [tick for tick in linear("", end).ticks if tick[0] <= end])


def _highest(lines: list[Line]) -> float:
    return max((value for line in lines for _, value in line.points), default=0.0)

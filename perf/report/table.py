"""A report as tables for the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_ROWS = (("latency_ms", "latency"), ("first_content_ms", "first content"), ("late_ms", "sent late"))


def print_report(report: dict[str, Any], console: Console) -> None:
    """Print what stands in a document made by `document`."""
    console.print(
        f"{report['source']} on {report['target']}, {report['mode']}", markup=False, highlight=False, soft_wrap=True
    )
    figures = Table()
    figures.add_column("ms", no_wrap=True)
    rows = [(name, report[field]) for field, name in _ROWS if report[field]]
    if rows:
        for name in rows[0][1]:
            figures.add_column(name, justify="right")
        for name, values in rows:
            figures.add_row(name, *(_short(value) for value in values.values()))
        console.print(figures)
    line = f"{report['answers']:,} answers in {report['duration_s']:g} s, {report['answers_per_s']:,g}/s"
    if report["chunks"]:
        line += f", {report['chunks']:,} chunks"
    console.print(line, highlight=False)
    if report["errors"]:
        shown = ", ".join(f"{escape(kind)} {number:,}" for kind, number in report["errors"].items())
        console.print(f"[red]errors[/red] {report['error_rate']:.2%}: {shown}", highlight=False)
    else:
        console.print("no errors", highlight=False)
    if report["interrupted"]:
        console.print(f"[yellow]interrupted[/yellow]; {report['unfinished']:,} had no answer yet", highlight=False)


def _short(value: float) -> str:
    """Return three digits of a number, or all of a large one's."""
    return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f}"

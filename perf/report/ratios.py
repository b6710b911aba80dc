"""A comparison as a table for the terminal."""

from __future__ import annotations

import statistics
from typing import Any

from rich.console import Console
from rich.table import Table

from ..compare import UNITS


def print_comparison(report: dict[str, Any], console: Console) -> None:
    """Print what `compare` has found: medians of each side, and the ratios with their intervals."""
    for name in ("a", "b"):
        console.print(f"{name.upper()}  {report[name]['target']}", markup=False, highlight=False, soft_wrap=True)
    table = Table()
    table.add_column("", no_wrap=True)
    for title in ("A", "B", "B/A", "95% interval"):
        table.add_column(title, justify="right", no_wrap=True)
    for name, one in report["ratios"].items():
        medians = (statistics.median(figures[name] for figures in report[side]["rounds"]) for side in ("a", "b"))
        shown = (f"{value:,.{0 if value >= 100 else 2}f}" for value in medians)
        table.add_row(f"{name}, {UNITS[name]}", *shown, f"{one['value']:.3f}", f"{one['low']:.3f} to {one['high']:.3f}")
    console.print(table)
    rounds = len(report["a"]["rounds"])
    console.print(f"medians of {rounds} rounds; the ratio is the rounds' geometric mean", highlight=False)

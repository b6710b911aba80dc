"""Figures beside the targets that they are to reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        what: Of what it is, and under which load.
        result: The figure, with its unit.
        target: What it is to be, or nothing where none is set.
        reached: Whether it is; None without a target.
    """

    what: str
    result: str
    target: str = ""
    reached: bool | None = None

    @property
    def verdict(self) -> str:
        """The same as a word."""
        return "" if self.reached is None else "yes" if self.reached else "no"

    def __str__(self) -> str:
        """Say it in a line, as it is measured."""
        return f"{self.what}: {self.result}" + (f" ({self.target}: {self.verdict})" if self.target else "")


Told = Callable[[Row], None]
"""Takes each figure once it is there."""


def at_least(what: str, value: float, target: float, unit: str, more: str = "") -> Row:
    """Return a figure that is to be large."""
    return Row(what, f"{number(value)} {unit}{more}", f"at least {number(target)}", value >= target)


def at_most(what: str, value: float, target: float, unit: str, more: str = "") -> Row:
    """Return a figure that is to be small."""
    return Row(what, f"{number(value)} {unit}{more}", f"under {number(target)}", value < target)


def number(value: float) -> str:
    """Return a number with three digits, or all of those before the point."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(titles: Sequence[str], lines: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Return a table in Markdown; the columns ``right`` are aligned there."""
    rule = ["--:" if place in right else "---" for place in range(len(titles))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (titles, rule, *lines))


def row_table(rows: Sequence[Row]) -> str:
    """Return figures as a table in Markdown."""
    lines = [
        (row.what, row.result, row.target, f"**{row.verdict}**" if row.reached is False else row.verdict)
        for row in rows
    ]
    return table(("measured", "result", "target", "reached"), lines, right=(1, 2))

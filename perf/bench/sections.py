"""The parts of a report that programs write, each between two marks. All else in the file is written by hand."""

from __future__ import annotations

from pathlib import Path

from .machine import ROOT

REPORT = ROOT / "perf" / "REPORT.md"
"""The report of this checkout."""


class NoSection(ValueError):
    """A report has no place for a section, or no end of it."""


def replaced(report: str, name: str, text: str) -> str:
    """Return a report with another text in one of its sections.

    Raises:
        NoSection: It has no such section.
    """
    begin, end = f"<!-- {name}: written by a program -->\n", f"<!-- end of {name} -->"
    before, found, rest = report.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise NoSection(f"there are no two lines {begin.strip()} and {end}")
    return f"{before}{begin}\n{text.strip()}\n\n{end}{after}"


def write(report: Path, name: str, text: str) -> None:
    """Put a text into one section of a report.

    Raises:
        NoSection: It has no such section.
        OSError: It cannot be read or written.
    """
    report.write_text(replaced(report.read_text(), name, text))

"""What processes use, as Linux tells it in /proc. https://man7.org/linux/man-pages/man5/proc.5.html

Elsewhere there is no /proc, and all of these raise `Unknown`.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

PROC = Path("/proc")


class Unknown(OSError):
    """The system does not tell, or the process has ended."""


def tree(pid: int) -> list[int]:
    """Return a process and all that descend from it, as far as they run now.

    Raises:
        Unknown: There is no such process.
    """
    children: defaultdict[int, list[int]] = defaultdict(list)
    for entry in PROC.glob("[0-9]*"):
        try:
            children[int(_stat(int(entry.name))[1])].append(int(entry.name))
        except Unknown:
            continue  # it has ended since
    _stat(pid)
    found = [pid]
    for parent in found:
        found += children[parent]
    return found


def memory(pid: int) -> int:
    """Return the bytes of memory of a process and its descendants, each shared page counted once (PSS).

    Raises:
        Unknown: There is no such process, or it is someone else's.
    """
    return sum(_pss(one) for one in tree(pid))


def resident(pid: int) -> int:
    """Return the bytes of memory of a process and its descendants that are in RAM (RSS); shared pages count in each.

    Raises:
        Unknown: There is no such process.
    """
    # The second field of the manual's list: resident pages.
    pages = sum(int(_read(PROC / str(one) / "statm").split()[1]) for one in tree(pid))
    return pages * int(os.sysconf("SC_PAGE_SIZE"))


def cpu_time(pid: int) -> float:
    """Return the seconds of CPU time that a process, its descendants, and those of them that have ended have used.

    The system counts in hundredths of a second.

    Raises:
        Unknown: There is no such process.
    """
    # Fields 14 to 17 of the manual's list: the process's own in user and system mode, and that of waited-for children.
    ticks = sum(sum(int(field) for field in _stat(one)[11:15]) for one in tree(pid))
    return ticks / float(os.sysconf("SC_CLK_TCK"))


def _stat(pid: int) -> list[str]:
    """Return the fields behind the name, which may itself hold spaces and brackets: the first is the state."""
    return _read(PROC / str(pid) / "stat").rpartition(")")[2].split()


def _pss(pid: int) -> int:
    for line in _read(PROC / str(pid) / "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise Unknown(f"/proc/{pid}/smaps_rollup has no Pss")


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError as error:
        raise Unknown(error.errno, error.strerror, str(path)) from error

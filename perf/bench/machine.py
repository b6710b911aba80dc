"""Where and with what something was measured, in the words of a report."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

from ..processes import cores

ROOT = Path(__file__).resolve().parents[2]
"""The checkout, where this runs from one."""


def facts() -> list[tuple[str, str]]:
    """Return what a reader must know to make sense of figures, by name."""
    return [
        ("date", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())),
        ("CPU", f"{cpu_model()}, {len(cores()) or os.cpu_count()} cores"),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}, {build()}"),
        ("commit", commit()),
    ]


def build(arguments: str | None = None, executable: str | None = None) -> str:
    """Return how this Python was built, in words. https://docs.python.org/3/using/configure.html

    One without profile-guided optimization takes 1.3 to 1.5 times as long for everything. Distributions build theirs
    with it, though not always by the option that tells so.

    Args:
        arguments: Of ``configure``, in place of this Python's.
        executable: Its file, likewise.
    """
    configured = arguments if arguments is not None else str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    if "--enable-optimizations" in configured:
        return "an optimized build"
    if os.path.realpath(executable or sys.executable).startswith("/usr/bin/"):
        return "the system's own build"
    return "not an optimized build, which makes it slower"


def cpu_model() -> str:
    """Return what the processor calls itself."""
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()


def commit(root: Path = ROOT) -> str:
    """Return the commit of the checkout, and whether files differ from it; reports do not count."""
    try:
        found = _git(root, "rev-parse", "--short=12", "HEAD").strip()
        changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", ":!*.md")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{found}, with changes" if changed.strip() else found


class OtherWork:
    """Tells how much of the machine others have used since this was made: what is measured beside them is slower."""

    def __init__(self) -> None:
        self._began, self._busy, self._ours = time.monotonic(), _busy(), _ours()

    def told(self) -> str:
        """Return it in words."""
        if self._busy is None or (busy := _busy()) is None:
            return "unknown"
        others = (busy - self._busy) - (_ours() - self._ours)
        return f"{max(0.0, others) / (time.monotonic() - self._began):.2f} cores on average"


def _busy() -> float | None:
    """Return the seconds that all cores together have worked, or None where the system does not tell."""
    try:
        user, nice, system, _, _, *interrupts = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
    except (OSError, ValueError):
        return None
    return (user + nice + system + sum(interrupts)) / float(os.sysconf("SC_CLK_TCK"))


def _ours() -> float:
    """Return the seconds that this process and those that it has started and ended have worked."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout

"""How many workers there are to be."""

from __future__ import annotations

import os
from typing import Literal


def count_workers(setting: int | Literal["auto"]) -> int:
    """Return the number of workers that ``server.workers`` means on this machine."""
    if setting != "auto":
        return setting
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

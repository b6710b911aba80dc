"""Where a pure function runs: at once if its input is small, in a thread if it is large.

A thread costs about 100 microseconds, which is also what reading LARGE bytes costs. While it runs other tasks do too,
as far as Python lets them: a single step in C, such as decoding a whole body, is not interrupted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import trio

T = TypeVar("T")
Given = TypeVarTuple("Given")

LARGE = 64 * 1024
"""Bytes from which on something is worked on in a thread."""


async def compute(size: int, work: Callable[[*Given], T], *given: *Given) -> T:
    """Return what ``work`` makes of ``given``. A checkpoint if it is large, and none if it is not.

    Args:
        size: About how many bytes it reads or writes.
        work: Must have no effect but its result: the thread of a cancelled task is left to run out.
    """
    if size <= LARGE:
        return work(*given)
    return await trio.to_thread.run_sync(work, *given, abandon_on_cancel=True)

"""Waits that have a limit each, and a common end once the gateway comes to its own."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import trio

Answer = TypeVar("Answer")


class Waits:
    """Waits of one kind. `end_by` bounds all of them, those under way and those to come.

    Attributes:
        end: When the last of them is over, on trio's clock; infinity as long as that is not known.
    """

    def __init__(self) -> None:
        self.end = math.inf
        self._scopes: set[trio.CancelScope] = set()

    @contextmanager
    def within(self, seconds: float, *, shield: bool = False) -> Iterator[trio.CancelScope]:
        """Cancel what runs inside after ``seconds``, or at the common end."""
        scope = trio.CancelScope(deadline=min(trio.current_time() + seconds, self.end), shield=shield)
        self._scopes.add(scope)
        try:
            with scope:
                yield scope
        finally:
            self._scopes.discard(scope)

    async def wait_for(self, seconds: float, waiting: Awaitable[Answer]) -> Answer:
        """Return what is awaited. A checkpoint.

        Raises:
            TimeoutError: It takes longer than ``seconds``, or than the gateway has left.
        """
        # As `within`, without the generator: each settling that waits comes by here.
        scope = trio.CancelScope(deadline=min(trio.current_time() + seconds, self.end))
        self._scopes.add(scope)
        try:
            with scope:
                return await waiting
        finally:
            self._scopes.discard(scope)
        if trio.current_time() >= self.end:
            raise TimeoutError("it took longer than the gateway lives")
        raise TimeoutError(f"it took longer than {seconds:g} s")

    def end_by(self, end: float) -> None:
        """Let all be over at ``end``, on trio's clock. An end that is known already is never put off."""
        self.end = min(self.end, end)
        for scope in self._scopes:
            scope.deadline = min(scope.deadline, self.end)

"""Requests that are still coming in: not exchanges yet, but under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import trio

from .ending import shutting_down
from .errors import DeadlineExceeded


class Arrivals:
    """The requests of one gateway that are not complete yet. Its end waits for them as for those that are.

    Args:
        none_left: Called when the last of them is there, or has been given up.
    """

    def __init__(self, none_left: Callable[[], None]) -> None:
        self._none_left = none_left
        self._scopes: set[trio.CancelScope] = set()

    def __len__(self) -> int:
        return len(self._scopes)

    @contextmanager
    def under_way(self, deadline: float) -> Iterator[None]:
        """Count a request for as long as the block reads it, until ``deadline`` on trio's clock.

        Raises:
            DeadlineExceeded: It was not there in time.
            Overloaded: The gateway ends, and has no more patience.
        """
        with trio.CancelScope(deadline=deadline) as scope:
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)
                if not self._scopes:
                    self._none_left()
        if scope.cancelled_caught:
            late = trio.current_time() >= deadline
            raise DeadlineExceeded("the request was not complete in time") if late else shutting_down()

    def end(self) -> None:
        """Give up those that are still coming."""
        for scope in self._scopes:
            scope.cancel()

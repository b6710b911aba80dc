"""The life of an exchange, as one table.

::

    QUEUED -> JUDGED* -> WAITING -> REPLYING -> SENDING -> OK | FAILED | CANCELLED -> SETTLED

A refusal or a cache hit goes from JUDGED to REPLYING, a second waiting stage goes from WAITING to WAITING, and a client
may leave at any moment before the end. What the table does not name is a bug and raises.
"""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """Where an exchange is in its life. Anything from OK on has ended."""

    QUEUED = 0
    JUDGED = 1
    WAITING = 2
    REPLYING = 3
    SENDING = 4
    OK = 5
    FAILED = 6
    CANCELLED = 7
    SETTLED = 8


NEXT: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.JUDGED, State.WAITING, State.REPLYING, State.CANCELLED}),
    State.JUDGED: frozenset({State.JUDGED, State.WAITING, State.REPLYING, State.CANCELLED}),
    State.WAITING: frozenset({State.JUDGED, State.WAITING, State.REPLYING, State.CANCELLED}),
    State.REPLYING: frozenset({State.REPLYING, State.SENDING, State.CANCELLED}),
    State.SENDING: frozenset({State.OK, State.FAILED, State.CANCELLED}),
    State.OK: frozenset({State.SETTLED}),
    State.FAILED: frozenset({State.SETTLED}),
    State.CANCELLED: frozenset({State.SETTLED}),
    State.SETTLED: frozenset(),
}


LEADS = tuple(tuple(after in NEXT[before] for after in State) for before in State)
"""The same table by number: several look-ups a request, and hashing an enum's member is a call of its own."""


class IllegalTransition(RuntimeError):
    """The kernel tried to move an exchange where the table does not lead: a bug in the kernel, never in a stage."""

    def __init__(self, before: State, after: State) -> None:
        super().__init__(f"an exchange cannot go from {before.name} to {after.name}")

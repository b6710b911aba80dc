"""The contract with stores of shared state: bytes by key with a time to live, counters in windows, slots to hold."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from .errors import StageCrashed

T = TypeVar("T")


class Window(msgspec.Struct, frozen=True, gc=False):
    """One limit: at most ``count`` in any ``seconds``. Windows with the same key and length share one counter.

    Of infinite ``seconds`` is a counter that never slides, such as a budget's: which period it is for has to be part of
    the key. A ``seeded`` one has a base that the store does not know: before anything is counted in it, `Store.seed`
    must have told.
    """

    key: str
    count: int
    seconds: float
    seeded: bool = False


class Slot(msgspec.Struct, frozen=True, gc=False):
    """A limit of how many may do something at once: at most ``count`` owners hold ``key``."""

    key: str
    count: int


Amounts = int | Sequence[int]
"""What is counted: the same in all windows, or one amount for each."""


class Standing(msgspec.Struct, frozen=True):
    """Where a window stands after a hit: what is left of it, and the seconds until it is whole again.

    ``retry_after`` is the number of seconds after which the same hit would be admitted, if nobody else comes: 0 if it
    would be now, infinity if it never will be, since it asks for more than the window holds.
    """

    window: Window
    remaining: int
    reset: float
    retry_after: float = 0.0


class Admission(msgspec.Struct, frozen=True):
    """The answer to a hit, with the standings in the order of its windows.

    ``refused_by`` is None if all had room. Otherwise it is, of those that had none, the one that takes longest to have
    it again; then nothing was counted anywhere.
    """

    standings: tuple[Standing, ...]
    refused_by: Standing | None = None
    at: float = 0.0
    """When it was counted, by the store's clock: what `adjust` needs to find it again."""
    missing: tuple[Window, ...] = ()
    """Seeded windows without a base. Nothing was counted anywhere: seed them, and hit again."""


class Store(Protocol):
    """Shared state. The methods of an ``immediate`` store never wait, so that a worker may run them with `at_once`.

    Each method of a store that is reached over a network may raise `StoreUnavailable`.

    Counters are sliding windows in two buckets of the window's length: what was counted in the bucket before weighs as
    much as the part of it that the sliding window still covers. A hit is admitted if it fits beside the weighted sum.
    """

    @property
    def immediate(self) -> bool:
        """Whether no method ever waits."""
        ...

    async def get(self, key: str) -> bytes | None:
        """Return what is stored under ``key``, or None if nothing is or its time is over."""
        ...

    async def put(self, key: str, value: bytes, *, ttl: float) -> None:
        """Store ``value`` for ``ttl`` seconds. The store may drop it earlier to stay within its bounds."""
        ...

    async def hit(self, windows: Sequence[Window], amount: Amounts = 1) -> Admission:
        """Count in all windows, or, if one of them has no room or no base yet, in none."""
        ...

    async def adjust(self, windows: Sequence[Window], admission: Admission, change: Amounts) -> None:
        """Count more, or with a negative ``change`` less, at the time at which `hit` has counted.

        It never refuses: what has been used is used, also beyond a limit. No counter gets below zero. What no longer
        weighs, or was refused, is left alone.
        """
        ...

    async def seed(self, window: Window, amount: int) -> None:
        """Let the counter of a seeded window begin at ``amount``. One that has begun is left as it is."""
        ...

    async def hold(self, slots: Sequence[Slot], owner: str, ttl: float) -> Slot | None:
        """Take all slots for ``owner``, or, if one of them is full, none; return that one, or None.

        What was not released after ``ttl`` seconds, since its process has died, is free again.
        """
        ...

    async def release(self, slots: Sequence[Slot], owner: str) -> None:
        """Give back what ``owner`` holds of these."""
        ...

    def part(self, name: str, *, max_entries: int, max_bytes: int) -> Store:
        """Return the part called ``name``: the same store, with keys of its own.

        It keeps at most ``max_entries`` of them, and at most ``max_bytes`` with what is stored under them. Asked again,
        it is the same part, with the bounds given last.
        """
        ...


def each(amount: Amounts, windows: Sequence[Window]) -> Sequence[int]:
    """Return the amount for each of the windows."""
    return (amount,) * len(windows) if isinstance(amount, int) else amount


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits, and return its value.

    Raises:
        StageCrashed: It did wait: a store that calls itself immediate is not.
    """
    try:
        work.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    work.close()
    raise StageCrashed("a store that calls itself immediate has waited")

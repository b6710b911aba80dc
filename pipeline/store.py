"""The contract with stores of shared state: bytes by key with a time to live, and sliding-window counters."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec

from .errors import StageCrashed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Window:
    """One limit: at most ``count`` in any ``seconds``. Windows with the same key and length share one counter."""

    key: str
    count: int
    seconds: float


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
    """When it was counted, by the store's clock: what `refund` needs to find it again."""


class Store(Protocol):
    """Shared state. The methods of an ``immediate`` store never wait, so that a worker may run them with `at_once`.

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

    async def hit(self, windows: Sequence[Window], amount: int = 1) -> Admission:
        """Count ``amount`` in all windows, or, if one of them has no room, in none."""
        ...

    async def refund(self, windows: Sequence[Window], admission: Admission, amount: int = 1) -> None:
        """Take back what `hit` counted, from the time at which it was counted."""
        ...

    def part(self, name: str, *, max_entries: int, max_bytes: int) -> Store:
        """Return the part called ``name``: the same store, with keys of its own.

        It keeps at most ``max_entries`` of them, and at most ``max_bytes`` with what is stored under them. Asked again,
        it is the same part, with the bounds given last.
        """
        ...


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

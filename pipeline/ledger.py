"""The contract with the ledger: a row for each call of a target, and what has been spent so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from .reply import Usage


class Row(msgspec.Struct, frozen=True, gc=False):
    """One attempt, or, as number 0, an exchange that called nobody: an answer from the cache, or a refusal.

    Attributes:
        exchange: The gateway's own id, which together with ``attempt`` is never used twice.
        at: When the exchange began, in seconds since the epoch.
        label: The caller's own name for the request; anything.
        operation: Such as ``chat``.
        model: As it was asked for.
        provider: Who was called, and ``served``, for which model.
        outcome: Of the exchange: ``ok``, ``failed`` or ``cancelled``.
        status: What the caller saw.
        code: Of the attempt's error, or else of the exchange's.
        seconds: Of sound.
        more: What else `Usage` counts, by its names for it, as far as there is any.
        duration: Of the attempt, in seconds; ``whole`` is that of the exchange.
        first_token: Seconds from the exchange's start to the first content of the attempt's stream.
        cost: Nano-dollars; None if nobody knows the price.
        tags: What the caller wants spending told apart by.
        last: Whether no other row of its exchange comes after it: so exchanges can be counted.
    """

    exchange: str
    attempt: int
    at: float
    label: str = ""
    tenant: str = ""
    key_id: str = ""
    key_name: str = ""
    user: str = ""
    team: str = ""
    tags: tuple[str, ...] = ()
    operation: str = ""
    model: str = ""
    provider: str = ""
    served: str = ""
    stream: bool = False
    outcome: str = ""
    status: int = 0
    code: str = ""
    cache: str = ""
    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    images: int = 0
    characters: int = 0
    seconds: float = 0.0
    estimated: bool = False
    cost: int | None = None
    first_token: float | None = None
    duration: float = 0.0
    whole: float = 0.0
    last: bool = True
    more: dict[str, int | float] = {}

    @property
    def usage(self) -> Usage:
        """What the attempt has used."""
        return Usage(**{name: getattr(self, name) for name in _COUNTED}, **self.more)  # type: ignore[arg-type]  # counts


_COUNTED = tuple(name for name in Usage.__struct_fields__ if name in Row.__struct_fields__)
_UNCOUNTED = tuple((name, getattr(Usage(), name)) for name in Usage.__struct_fields__ if name not in _COUNTED)


def more_of(usage: Usage) -> dict[str, int | float]:
    """Return what of a usage has no field of its own in a row."""
    return {name: value for name, none in _UNCOUNTED if (value := getattr(usage, name)) != none}


class Ledger(Protocol):
    """Where rows are kept, for ever or as long as is configured."""

    def record(self, rows: Sequence[Row]) -> None:
        """Take rows to be written soon. Never waits, and loses none without a word."""
        ...

    async def run(self) -> None:
        """Write what is recorded, for ever. A checkpoint."""
        ...

    async def find(self, tenant: str, name: str) -> list[Row]:
        """Return the rows of an exchange, by its id or its label; of several with that label, of the last one.

        Another tenant's are never found. A checkpoint.
        """
        ...

    async def spent(self, kind: str, id: str, since: float) -> int:
        """Return the nano-dollars that a ``key``, ``user``, ``team`` or ``provider`` has cost since a time.

        What this process has recorded counts, written or not. The time is in seconds since the epoch. A checkpoint.
        """
        ...

    async def aclose(self) -> None:
        """Write all that was recorded. A checkpoint; the caller may have little time."""
        ...


class NoLedger:
    """Keeps nothing: the library's default."""

    def record(self, rows: Sequence[Row]) -> None:
        """Do nothing."""

    async def run(self) -> None:
        """Do nothing. Not a checkpoint."""

    async def find(self, tenant: str, name: str) -> list[Row]:
        """Return nothing. Not a checkpoint."""
        return []

    async def spent(self, kind: str, id: str, since: float) -> int:
        """Return 0. Not a checkpoint."""
        return 0

    async def aclose(self) -> None:
        """Do nothing. Not a checkpoint."""

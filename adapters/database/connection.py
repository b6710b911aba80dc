"""What work on a database is given, whichever database it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

Value = str | int | float | bytes | None


class Result(NamedTuple):
    """What a statement gave.

    Attributes:
        rows: All of them, of a statement that returns any.
        changed: How many rows it changed.
    """

    rows: list[tuple[Value, ...]]
    changed: int


class Connection(Protocol):
    """One transaction on a database. All of it blocks, and belongs to the database's own thread.

    Statements have ``?`` for each value, outside of quotes. So that they mean the same everywhere, columns are TEXT,
    BIGINT (also for 0 and 1 as truth) and DOUBLE PRECISION, and inserts that may be repeated end with
    ``ON CONFLICT (...) DO NOTHING``.

    Every method raises DatabaseUnavailable, DatabaseConflict or DatabaseFailed.
    """

    def execute(self, sql: str, params: Sequence[Value] = ()) -> Result:
        """Run one statement."""
        ...

    def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        """Run one statement for each of many rows of values, and return how many rows that changed."""
        ...


class Session(Connection, Protocol):
    """A connection that lasts. Only `Database` uses what stands here."""

    def begin(self, *, write: bool) -> None:
        """Begin a transaction; one that will write waits for other writers here, and not in its middle."""
        ...

    def commit(self) -> None:
        """End it for good: what it wrote survives the end of this process, and of the machine."""
        ...

    def rollback(self) -> None:
        """End it as if it had never been."""
        ...

    def lock(self) -> None:
        """Keep other processes from migrating until the transaction ends."""
        ...

    def lost(self) -> bool:
        """Say whether the connection leads nowhere anymore, as far as can be told without using it."""
        ...

    def close(self) -> None:
        """Close it. Never raises."""
        ...


class Driver(Protocol):
    """Opens connections to one database."""

    @property
    def shown(self) -> str:
        """The database's URL, without its secrets."""
        ...

    def open(self) -> Session:
        """Connect. Raises DatabaseUnavailable, or DatabaseFailed if there is no database."""
        ...

"""Prices the ledger's rows anew, such as when a price was not known, or was wrong.

``cost`` becomes what the rows cost by today's knowledge of their time; ``billed`` stays what was said at first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from sluicegate.pipeline.ledger import Row

from .connection import Connection, Value
from .database import Database
from .queries import Found, Query, rows_page

PAGE = 500
"""Rows that are looked at, and at most written, at once."""
Cost = Callable[[Row], int | None]
"""Returns what a row costs, in nano-dollars, or None where nobody knows."""


class Repriced(msgspec.Struct):
    """What came of it: rows looked at and rows changed, and the sums of what they cost before and after."""

    rows: int = 0
    changed: int = 0
    before: int = 0
    after: int = 0
    unpriced: int = 0


async def reprice(database: Database, query: Query, cost: Cost, *, write: bool = True) -> Repriced:
    """Give the rows of a query that stand for a call their cost anew, page by page. A checkpoint.

    Done again, it changes nothing more. A cost that is not known now does not take the place of one that was.

    Args:
        write: False only says what would come of it.

    Raises:
        DatabaseUnavailable: Not all of it could be done.
    """
    told = Repriced()
    last: Found | None = None
    while page := await database.read(partial(rows_page, query=query, limit=PAGE, after=last, up=True)):
        changes = _changes(page, cost, told)
        if changes and write:
            await database.run(partial(_write, changes=changes))
        last = page[-1]
    return told


def _changes(page: Sequence[Found], cost: Cost, told: Repriced) -> list[tuple[Value, ...]]:
    changes: list[tuple[Value, ...]] = []
    for row in (found.row for found in page if found.row.attempt):
        known = cost(row)
        new = row.cost if known is None else known
        told.rows += 1
        told.before += row.cost or 0
        told.after += new or 0
        told.unpriced += new is None
        if new != row.cost:
            changes.append((new, row.exchange, row.attempt))
    told.changed += len(changes)
    return changes


def _write(connection: Connection, changes: Sequence[Sequence[Value]]) -> None:
    connection.execute_many("UPDATE calls SET cost = ? WHERE exchange = ? AND attempt = ?", changes)

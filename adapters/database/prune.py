"""Forgets rows that are kept no longer, in small steps, so that nobody waits for it for long.

What they cost stays in ``spent_before``, in the same transaction. One process at a time does it: each step first writes
the lease, and so waits for the step of any other.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import trio

from .connection import Connection
from .database import Database
from .rows import DAY, SUBJECTS

STEP = 500
"""Rows that go at once."""
PAUSE = 0.05
"""Seconds between two steps, for others that write."""
LEASE = 60.0
"""Seconds after which another process goes on where one has stopped."""
_NAME = "prune"


async def prune(database: Database, before: float, *, wall: Callable[[], float] = time.time) -> int | None:
    """Remove the rows from before a time, in seconds since the epoch, and return how many. A checkpoint.

    Returns None where another process is at it.

    Raises:
        DatabaseUnavailable: Not all of it could be done.
    """
    if not await database.run(lambda connection: _lease(connection, wall())):
        return None
    removed = 0
    try:
        while count := await database.run(lambda connection: _step(connection, before, wall())):
            removed += count
            await trio.sleep(PAUSE)
    finally:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
            await database.run(lambda connection: _hold(connection, 0.0))
    return removed


def _lease(connection: Connection, now: float) -> bool:
    connection.execute("INSERT INTO leases (name, until) VALUES (?, 0) ON CONFLICT DO NOTHING", (_NAME,))
    sql = "UPDATE leases SET until = ? WHERE name = ? AND until <= ?"
    return connection.execute(sql, (now + LEASE, _NAME, now)).changed == 1


def _hold(connection: Connection, until: float) -> None:
    connection.execute("UPDATE leases SET until = ? WHERE name = ?", (until, _NAME))


def _step(connection: Connection, before: float, now: float) -> int:
    _hold(connection, now + LEASE)
    columns = ", ".join(SUBJECTS.values())
    sql = f"SELECT exchange, attempt, at, hour, cost, {columns} FROM calls WHERE at < ? ORDER BY at LIMIT ?"
    rows = connection.execute(sql, (before, STEP)).rows
    spent: Counter[tuple[str, str, int]] = Counter()
    for row in rows:
        for kind, id in zip(SUBJECTS, row[5:], strict=True):
            if row[4] and id:
                spent[kind, str(id), int(row[3] or 0) * 3600 // DAY] += int(row[4])
    connection.execute_many(
        "INSERT INTO spent_before (kind, id, day, cost) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (kind, id, day) DO UPDATE SET cost = spent_before.cost + excluded.cost",
        [(*key, cost) for key, cost in sorted(spent.items())],
    )
    keys = [(row[2], row[0], row[1]) for row in rows]
    connection.execute_many("DELETE FROM call_tags WHERE at = ? AND exchange = ? AND attempt = ?", keys)
    connection.execute_many("DELETE FROM calls WHERE exchange = ? AND attempt = ?", [key[1:] for key in keys])
    return len(rows)

"""Keys, users and teams in a database. Every function is part of one transaction, and blocks.

* Every change has a version, one more than the change before; a row has that of its last change. So whoever has read
  up to a version asks for the rows with a higher one, and there is one number to look at to know of any change.
* Who changes anything takes the row of the version first. So changes happen one after the other, also in Postgres,
  and nothing that was found out in a transaction is untrue at its end.
* A deleted row stays for LINGER seconds, without its document, so that others learn of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from ..database.connection import Connection, Value
from .errors import Conflict, UnusableKeySecret
from .hashing import VARIABLE, KeySecret
from .records import Kind, Record, User, decode, encode
from .roster import Row

MIGRATION = "identities"
STATEMENTS = (
    "CREATE TABLE sluicegate_identities (kind TEXT NOT NULL, id TEXT NOT NULL, number BIGINT NOT NULL, "
    "version BIGINT NOT NULL, name TEXT NOT NULL, member TEXT NOT NULL, team TEXT NOT NULL, document TEXT NOT NULL, "
    "deleted DOUBLE PRECISION, PRIMARY KEY (kind, id))",
    "CREATE UNIQUE INDEX sluicegate_identities_name ON sluicegate_identities (kind, name)",
    "CREATE INDEX sluicegate_identities_version ON sluicegate_identities (version)",
    "CREATE INDEX sluicegate_identities_number ON sluicegate_identities (kind, number)",
    "CREATE TABLE sluicegate_identity (id BIGINT PRIMARY KEY, version BIGINT NOT NULL, rows BIGINT NOT NULL, "
    "bytes BIGINT NOT NULL, secret TEXT NOT NULL)",
    "INSERT INTO sluicegate_identity VALUES (0, 0, 0, 0, '')",
)
MAX_ROWS = 200_000
"""Keys, users and teams together: each worker holds all of them in memory."""
MAX_BYTES = 256 * 1024 * 1024
"""Of all their documents."""
LINGER = 86_400.0
_COLUMNS = {"user": "member", "team": "team", "name": "name"}


class State(NamedTuple):
    """What holds for all rows together; ``secret`` is the check of the one that made all keys, or empty."""

    version: int
    rows: int
    bytes: int
    secret: str


def state(connection: Connection) -> State:
    """Return how things stand."""
    sql = "SELECT version, rows, bytes, secret FROM sluicegate_identity WHERE id = 0"
    return State(*cast(Any, connection.execute(sql).rows[0]))


def begin_change(connection: Connection) -> None:
    """Keep others from changing anything until the transaction ends, and give this change its version."""
    connection.execute("UPDATE sluicegate_identity SET version = version + 1 WHERE id = 0")


def verify(connection: Connection, secret: KeySecret, shown: str) -> None:
    """See to it that all keys are made with one secret: in a change that makes a key.

    Raises:
        UnusableKeySecret: Those that there are were made with another.
    """
    check = state(connection).secret
    if not check:
        connection.execute("UPDATE sluicegate_identity SET secret = ? WHERE id = 0", (secret.check,))
    elif not secret.made(check):
        raise UnusableKeySecret(other_secret(shown))


def other_secret(shown: str) -> str:
    """Say that the keys of a database were made with another secret."""
    return (
        f"the API keys in {shown} were made with another secret than the one here: set {VARIABLE} to the same value "
        "for all gateways of one database, or bring back the file key-secret from the state folder"
    )


def changes(connection: Connection, since: int) -> list[Row]:
    """Return what has changed after a version, in order; with 0 all that there is."""
    what = "deleted IS NULL" if since == 0 else "version > ?"
    sql = f"SELECT kind, id, CASE WHEN deleted IS NULL THEN document END FROM sluicegate_identities WHERE {what} "
    found = connection.execute(f"{sql} ORDER BY version LIMIT {2 * MAX_ROWS}", (since,) if since else ()).rows
    return [_row(*row) for row in cast(Any, found)]


def _row(kind: Kind, id: str, document: str | None) -> Row:
    return Row(kind, id, None if document is None else document.encode())


def insert(connection: Connection, kind: Kind, record: Record) -> None:
    """Put a new record in. After `begin_change`.

    Raises:
        Conflict: Its name is taken, or there is no room for more.
    """
    now = state(connection)
    document = encode(record)
    if now.rows >= MAX_ROWS or now.bytes + len(document) > MAX_BYTES:
        raise Conflict(f"there are {now.rows:,} keys, users and teams already, which is all that a gateway can hold")
    _refuse_taken(connection, kind, record)
    connection.execute(
        "INSERT INTO sluicegate_identities VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        (kind, record.id, now.version, now.version, record.name, *_belongs(record), document),
    )
    _count(connection, 1, len(document))


def update(connection: Connection, kind: Kind, record: Record, before: Record) -> None:
    """Put a changed record in the place of the one before. After `begin_change`. Raises Conflict for a taken name."""
    version = state(connection).version
    document = encode(record)
    _refuse_taken(connection, kind, record)
    connection.execute(
        "UPDATE sluicegate_identities SET version = ?, name = ?, member = ?, team = ?, document = ? "
        "WHERE kind = ? AND id = ?",
        (version, record.name, *_belongs(record), document, kind, record.id),
    )
    _count(connection, 0, len(document) - len(encode(before)))


def delete(connection: Connection, kind: Kind, record: Record, now: float) -> None:
    """Delete a record, and whatever of records that were deleted long ago. After `begin_change`.

    Raises:
        Conflict: Others belong to it.
    """
    if kind != "key":
        sql = f"SELECT kind, COUNT(*) FROM sluicegate_identities WHERE deleted IS NULL AND {_COLUMNS[kind]} = ?"
        rows = connection.execute(f"{sql} GROUP BY kind ORDER BY kind", (record.id,)).rows
        members = cast(list[tuple[str, int]], rows)
        if members:
            told = " and ".join(f"{count} {of}{'' if count == 1 else 's'}" for of, count in members)
            raise Conflict(f"{kind} {record.name!r} still has {told}: delete them first, or disable the {kind}")
    connection.execute(
        # No name begins with a space, so this one is in nobody's way.
        "UPDATE sluicegate_identities SET version = ?, name = ?, member = '', team = '', document = '', deleted = ? "
        "WHERE kind = ? AND id = ?",
        (state(connection).version, f" {record.id}", now, kind, record.id),
    )
    connection.execute("DELETE FROM sluicegate_identities WHERE deleted < ?", (now - LINGER,))
    _count(connection, -1, -len(encode(record)))
    if kind == "key" and not page(connection, "key", {}, 0, 1):
        connection.execute("UPDATE sluicegate_identity SET secret = '' WHERE id = 0")


def find(connection: Connection, kind: Kind, wanted: str, *, by_name: bool = False) -> Any:
    """Return the record with an id, or, if that is asked for, with a name; or None."""
    sql = "SELECT document FROM sluicegate_identities WHERE kind = ? AND deleted IS NULL AND "
    rows = connection.execute(f"{sql} id = ?", (kind, wanted)).rows
    if not rows and by_name:
        rows = connection.execute(f"{sql} name = ?", (kind, wanted)).rows
    return decode(kind, cast(str, rows[0][0])) if rows else None


def page(connection: Connection, kind: Kind, where: dict[str, str], after: int, limit: int) -> Sequence[Any]:
    """Return records from after a number on, in the order in which they were made.

    Args:
        where: What must be so: ``user`` and ``team``, by their ids, and ``name``.
    """
    wanted = "".join(f" AND {_COLUMNS[field]} = ?" for field in where)
    rows = connection.execute(
        "SELECT document FROM sluicegate_identities WHERE kind = ? AND deleted IS NULL AND number > ?"
        f"{wanted} ORDER BY number LIMIT ?",
        (kind, after, *where.values(), limit),
    ).rows
    return [decode(kind, cast(str, row[0])) for row in rows]


def number_of(connection: Connection, kind: Kind, id: str) -> int | None:
    """Return the place of a record in the order in which they were made; None if there is none of this id."""
    sql = "SELECT number FROM sluicegate_identities WHERE kind = ? AND id = ?"
    rows = connection.execute(sql, (kind, id)).rows
    return cast(int, rows[0][0]) if rows else None


def _refuse_taken(connection: Connection, kind: Kind, record: Record) -> None:
    sql = "SELECT id FROM sluicegate_identities WHERE kind = ? AND name = ? AND id <> ?"
    if connection.execute(sql, (kind, record.name, record.id)).rows:
        raise Conflict(f"there is a {kind} with the name {record.name!r} already", param="name")


def _belongs(record: Record) -> tuple[Value, Value]:
    """Return the ids of the user and the team."""
    return getattr(record, "user", ""), record.team if isinstance(record, User) else ""


def _count(connection: Connection, rows: int, size: int) -> None:
    sql = "UPDATE sluicegate_identity SET rows = rows + ?, bytes = bytes + ? WHERE id = 0"
    connection.execute(sql, (rows, size))

"""The ledger's tables, and its rows as values of theirs.

* ``calls`` has a row for each attempt. Its key is the gateway's own, so a row that is written twice is there once.
* ``call_tags`` has one for each of their tags, with the row's time: what has a tag is found without reading the rest.
* ``spent_before`` has what rows cost that are kept no longer, by day: whoever counts a budget anew needs it.
* ``leases`` says which process does what only one may do at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from sluicegate.pipeline.ledger import Row

from .connection import Connection, Value

HOUR = 3600
DAY = 86_400
MAX_TEXT = 256
"""Characters of a text that are kept."""
MAX_WHOLE = 2**53 - 1
"""The largest number that is kept: sums of them still fit a column, and every JSON reader reads them right."""
_UNKEPT = re.compile("[\x00\ud800-\udfff]")
"""What Postgres, or UTF-8, has no way to keep."""

SUBJECTS = {"key": "key_id", "user": "user_id", "team": "team", "provider": "provider"}
"""Kinds of those for whom spending is summed up, and the columns that name them."""
COLUMNS = (
    "exchange TEXT NOT NULL",
    "attempt BIGINT NOT NULL",
    "at DOUBLE PRECISION NOT NULL",
    "label TEXT NOT NULL",
    "tenant TEXT NOT NULL",
    "key_id TEXT NOT NULL",
    "key_name TEXT NOT NULL",
    "user_id TEXT NOT NULL",
    "team TEXT NOT NULL",
    "tags TEXT NOT NULL",
    "operation TEXT NOT NULL",
    "model TEXT NOT NULL",
    "provider TEXT NOT NULL",
    "served TEXT NOT NULL",
    "stream BIGINT NOT NULL",
    "outcome TEXT NOT NULL",
    "status BIGINT NOT NULL",
    "code TEXT NOT NULL",
    "cache TEXT NOT NULL",
    "input BIGINT NOT NULL",
    "cached BIGINT NOT NULL",
    "cache_write BIGINT NOT NULL",
    "output BIGINT NOT NULL",
    "reasoning BIGINT NOT NULL",
    "images BIGINT NOT NULL",
    "characters BIGINT NOT NULL",
    "seconds DOUBLE PRECISION NOT NULL",
    "estimated BIGINT NOT NULL",
    "cost BIGINT",
    "first_token DOUBLE PRECISION",
    "duration DOUBLE PRECISION NOT NULL",
    "whole DOUBLE PRECISION NOT NULL",
    "last BIGINT NOT NULL",
    "more TEXT NOT NULL",
    "hour BIGINT NOT NULL",
    "billed BIGINT",
)
"""Those of ``calls``: a row's fields in order, then the hour since the epoch, and the cost as it was at first."""
NAMES = tuple(column.split()[0] for column in COLUMNS)
FIELDS = NAMES[: len(Row.__struct_fields__)]
"""The columns that are a row's fields."""

MIGRATIONS: dict[str, tuple[str, ...]] = {
    "ledger-1": (
        f"CREATE TABLE calls ({', '.join(COLUMNS)}, PRIMARY KEY (exchange, attempt))",
        "CREATE INDEX calls_at ON calls (at)",
        "CREATE INDEX calls_label ON calls (tenant, label)",
        # Most rows are nobody's of some kind, and need not be found by it. Queries have to say so to use the index.
        *(
            f"CREATE INDEX calls_{name} ON calls ({name}, at, cost) WHERE {name} <> ''"
            for name in ("key_id", "user_id", "team", "provider")
        ),
        "CREATE TABLE call_tags (tag TEXT NOT NULL, at DOUBLE PRECISION NOT NULL, exchange TEXT NOT NULL,"
        " attempt BIGINT NOT NULL, PRIMARY KEY (tag, at, exchange, attempt))",
        "CREATE INDEX call_tags_at ON call_tags (at)",
        "CREATE TABLE spent_before (kind TEXT NOT NULL, id TEXT NOT NULL, day BIGINT NOT NULL, cost BIGINT NOT NULL,"
        " PRIMARY KEY (kind, id, day))",
        "CREATE TABLE leases (name TEXT PRIMARY KEY, until DOUBLE PRECISION NOT NULL)",
    ),
}
"""By name; each is run once in the life of a database."""

_TOGETHER = 50
"""Rows that one statement inserts: Postgres takes a fraction of the time that it does for one after the other."""
_TAG_NAMES = ("tag", "at", "exchange", "attempt")


def write_rows(connection: Connection, rows: Sequence[Row]) -> None:
    """Insert rows; those that are there already stay as they are. In a transaction that writes."""
    _insert(connection, "calls", NAMES, [_values(row) for row in rows])
    _insert(
        connection,
        "call_tags",
        _TAG_NAMES,
        [(tag, row.at, row.exchange, row.attempt) for row in rows for tag in row.tags],
    )


def _insert(connection: Connection, table: str, names: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
    whole = len(rows) - len(rows) % _TOGETHER
    for at in range(0, whole, _TOGETHER):
        values = [value for row in rows[at : at + _TOGETHER] for value in row]
        connection.execute(_statement(table, tuple(names), _TOGETHER), values)
    if whole < len(rows):
        connection.execute_many(_statement(table, tuple(names), 1), rows[whole:])


@lru_cache
def _statement(table: str, names: tuple[str, ...], count: int) -> str:
    row = f"({', '.join('?' * len(names))})"
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([row] * count)} ON CONFLICT DO NOTHING"


def row_of(values: Sequence[Value]) -> Row:
    """Return the row whose FIELDS have these values."""
    fields: dict[str, object] = dict(zip(Row.__struct_fields__, values, strict=True))
    fields["tags"] = tuple(str(fields["tags"]).split(",")) if fields["tags"] else ()
    for name in ("stream", "estimated", "last"):
        fields[name] = bool(fields[name])
    fields["more"] = msgspec.json.decode(str(fields["more"])) if fields["more"] else {}
    return msgspec.convert(fields, Row)


def _values(row: Row) -> list[Value]:
    values: list[Any] = list(msgspec.structs.astuple(row))
    # Every request pays for this, and nearly all values can be kept as they are.
    for at in _TEXTS:
        text = values[at]
        if text and (len(text) > MAX_TEXT or not text.isascii() or "\x00" in text):
            values[at] = _text(text)
    for at in _COUNTS:
        count = values[at]
        if count is not None:
            values[at] = int(count) if -MAX_WHOLE <= count <= MAX_WHOLE else min(max(count, -MAX_WHOLE), MAX_WHOLE)
    for at, encode in _ENCODED:
        values[at] = encode(values[at]) if values[at] else ""
    values.append(int(row.at // HOUR))
    values.append(values[_COST])
    return values


def _places(*types: object) -> tuple[int, ...]:
    """Return where the fields of some types are."""
    return tuple(at for at, field in enumerate(msgspec.structs.fields(Row)) if field.type in types)


_COST = NAMES.index("cost")
_TEXTS = _places(str)
_COUNTS = _places(int, bool, int | None)
_ENCODED: tuple[tuple[int, Callable[[Any], str]], ...] = (
    (FIELDS.index("tags"), ",".join),
    (FIELDS.index("more"), lambda counts: msgspec.json.encode(counts).decode()),
)


def _text(text: str) -> str:
    kept = text[:MAX_TEXT]
    return kept if kept.isascii() and "\x00" not in kept else _UNKEPT.sub("\ufffd", kept)


def find_rows(connection: Connection, tenant: str, name: str) -> list[Row]:
    """Return a tenant's rows of an exchange, by its id or its label; of several with that label, of the last one."""
    select = f"SELECT {', '.join(FIELDS)} FROM calls WHERE tenant = ? AND exchange = "
    rows = connection.execute(f"{select} ? ORDER BY attempt", (tenant, name)).rows
    if not rows:
        latest = "(SELECT exchange FROM calls WHERE tenant = ? AND label = ? ORDER BY at DESC, exchange LIMIT 1)"
        rows = connection.execute(f"{select} {latest} ORDER BY attempt", (tenant, tenant, name)).rows
    return [row_of(row) for row in rows]


def spent_since(connection: Connection, kind: str, id: str, since: float) -> int:
    """Return what somebody has cost since a time, in nano-dollars; rows that are kept no longer count by the day."""
    sql = (
        f"SELECT (SELECT COALESCE(SUM(cost), 0) FROM calls WHERE {SUBJECTS[kind]} = ?"
        f" AND {SUBJECTS[kind]} <> '' AND at >= ?)"
        " + (SELECT COALESCE(SUM(cost), 0) FROM spent_before WHERE kind = ? AND id = ? AND day >= ?)"
    )
    since = max(since, 0.0)
    ((total,),) = connection.execute(sql, (id, since, kind, id, int(since // DAY))).rows
    return int(total or 0)

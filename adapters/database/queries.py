"""What can be asked of the ledger: rows, newest first, page by page, and sums of them.

Every value is a parameter. Names of columns come from the tables here and from nowhere else.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.ledger import Row

from .connection import Connection, Value
from .moments import iso, read_moment
from .rows import FIELDS, MAX_WHOLE, row_of

MOST_ROWS = 1000
MOST_GROUPS = 10_000
FILTERS = {
    "exchange": "exchange",
    "label": "label",
    "tenant": "tenant",
    "key": "key_id",
    "key_name": "key_name",
    "user": "user_id",
    "team": "team",
    "operation": "operation",
    "model": "model",
    "provider": "provider",
    "served": "served",
    "outcome": "outcome",
    "status": "status",
    "code": "code",
    "cache": "cache",
}
"""What rows are chosen by, beside time and tag, and the columns of that."""
GROUPS = {
    **{name: f"calls.{column}" for name, column in FILTERS.items()},
    "hour": "calls.hour",
    "day": "calls.hour / 24",
    "tag": "call_tags.tag",
}
"""What sums are made for each of, and how that is said in SQL."""
SUMS = ("input", "cached", "cache_write", "output", "reasoning", "images", "characters", "seconds", "cost", "billed")
_GROUPED_SECONDS = {"hour": 3600, "day": 86_400}
_SAME = "call_tags.exchange = calls.exchange AND call_tags.attempt = calls.attempt AND call_tags.at = calls.at"


class Query(msgspec.Struct, frozen=True):
    """Which rows are meant.

    Attributes:
        since: Seconds since the epoch; ``until`` is the first moment that is not meant any more.
        equals: Values by their names in FILTERS.
        tag: One of a row's tags.
    """

    since: float | None = None
    until: float | None = None
    equals: dict[str, str] = {}
    tag: str | None = None


class Found(msgspec.Struct, frozen=True):
    """A row, and what it was first said to cost."""

    row: Row
    billed: int | None

    def shown(self) -> dict[str, Any]:
        """Return all of it as plain values, times also as people read them."""
        cost = self.row.cost
        return {
            "time": iso(self.row.at),
            **msgspec.to_builtins(self.row),
            "cost_usd": usd(cost) if cost is not None else None,
            "billed": self.billed,
        }


def read_query(pairs: Iterable[tuple[str, str]], now: float) -> Query:
    """Return the query that names and values say, such as those in a URL. Raises InvalidRequest."""
    since = until = tag = None
    equals: dict[str, str] = {}
    for name, value in pairs:
        if name in ("since", "until"):
            try:
                moment = read_moment(value, now)
            except ValueError as error:
                raise InvalidRequest(f"{name}: {error}", param=name) from error
            since, until = (moment, until) if name == "since" else (since, moment)
        elif name == "tag":
            tag = value
        elif name in FILTERS:
            equals[name] = value
        else:
            told = ", ".join(("since", "until", "tag", *FILTERS))
            raise InvalidRequest(f"{name[:64]!r} is nothing that rows are chosen by; there are {told}", param=name[:64])
    if "status" in equals and not (equals["status"].isascii() and equals["status"].isdigit()):
        raise InvalidRequest("status: it is a number such as 200", param="status")
    return Query(since, until, equals, tag)


def rows_page(
    connection: Connection, query: Query, *, limit: int, after: Found | tuple[float, str, int] | None = None, up: bool
) -> list[Found]:
    """Return the next rows in order of time.

    Args:
        limit: The most rows.
        after: The last one of the page before.
        up: Whether the oldest come first.
    """
    where, params = _where(query)
    order, sign = ("ASC", ">") if up else ("DESC", "<")
    if after is not None:
        if isinstance(after, Found):
            after = (after.row.at, after.row.exchange, after.row.attempt)
        where.append(f"(calls.at, calls.exchange, calls.attempt) {sign} (?, ?, ?)")
        params += after
    columns = ", ".join((*FIELDS, "billed"))
    by = ", ".join(f"calls.{name} {order}" for name in ("at", "exchange", "attempt"))
    sql = f"SELECT {columns} FROM calls {_joined(where)} ORDER BY {by} LIMIT ?"
    return [_found(values) for values in connection.execute(sql, [*params, limit]).rows]


def summary(connection: Connection, query: Query, groups: Iterable[str], *, limit: int) -> list[dict[str, Any]]:
    """Return sums for each group of rows, the dearest first. Raises InvalidRequest for an unknown group.

    ``requests`` counts exchanges, ``attempts`` rows that stand for a call, and ``unpriced`` those without a known cost.
    """
    names = list(dict.fromkeys(groups))
    for name in names:
        if name not in GROUPS:
            raise InvalidRequest(f"there is no group {name[:64]!r}; there are {', '.join(GROUPS)}", param="group")
    where, params = _where(query)
    sums = [f"SUM({column})" for column in SUMS]
    counts = ["SUM(last)", "SUM(CASE WHEN calls.attempt > 0 THEN 1 ELSE 0 END)"]
    unpriced = "SUM(CASE WHEN cost IS NULL THEN 1 ELSE 0 END)"
    columns = ", ".join([*(GROUPS[name] for name in names), *counts, *sums, unpriced])
    table = f"calls JOIN call_tags ON {_SAME}" if "tag" in names else "calls"
    # By place: an expression would have to be repeated to the letter.
    by = f"GROUP BY {', '.join(str(at) for at in range(1, len(names) + 1))}" if names else ""
    place = len(names) + len(counts) + SUMS.index("cost") + 1
    order = f"ORDER BY COALESCE({sums[SUMS.index('cost')]}, 0) DESC, 1, {place}" if names else ""
    sql = f"SELECT {columns} FROM {table} {_joined(where)} {by} {order} LIMIT ?"
    rows = connection.execute(sql, [*params, limit]).rows
    return [_summed(names, values) for values in rows]


def usd(nano: int) -> str:
    """Return nano-dollars as a decimal number of dollars, exactly."""
    whole, rest = divmod(abs(nano), 10**9)
    text = f"{whole}.{rest:09d}".rstrip("0").rstrip(".")
    return f"-{text}" if nano < 0 else text


def cursor_of(found: Found) -> str:
    """Return what asks for the page behind a row."""
    place = [found.row.at, found.row.exchange, found.row.attempt]
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def read_cursor(text: str) -> tuple[float, str, int]:
    """Return the place that `cursor_of` has written. Raises InvalidRequest."""
    try:
        data = base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
        at, exchange, attempt = msgspec.json.decode(data, type=tuple[float, str, int])
    except ValueError as error:
        raise InvalidRequest("after: it is the `next` of the page before", param="after") from error
    return at, exchange, min(max(attempt, 0), MAX_WHOLE)


def _where(query: Query) -> tuple[list[str], list[Value]]:
    parts: list[str] = []
    params: list[Value] = []
    if query.since is not None:
        parts.append("calls.at >= ?")
        params.append(query.since)
    if query.until is not None:
        parts.append("calls.at < ?")
        params.append(query.until)
    for name, value in query.equals.items():
        parts.append(f"calls.{FILTERS[name]} = ?")
        params.append(min(int(value), MAX_WHOLE) if name == "status" else _sent(value))
    if query.tag is not None:
        parts.append(f"EXISTS (SELECT 1 FROM call_tags WHERE tag = ? AND {_SAME})")
        params.append(_sent(query.tag))
    return parts, params


def _sent(value: str) -> str:
    """Return a text as a database takes it; no row has what it does not take."""
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _joined(parts: list[str]) -> str:
    return f"WHERE {' AND '.join(parts)}" if parts else ""


def _found(values: tuple[Value, ...]) -> Found:
    billed = values[-1]
    return Found(row_of(values[:-1]), int(billed) if billed is not None else None)


def _summed(names: list[str], values: tuple[Value, ...]) -> dict[str, Any]:
    rest = iter(values)
    shown: dict[str, Any] = {}
    for name, value in zip(names, rest, strict=False):
        seconds = _GROUPED_SECONDS.get(name)
        shown[name] = iso(int(value or 0) * seconds) if seconds else value
    figures = list(_numbers(values[len(names) :]))
    shown |= dict(zip(("requests", "attempts", *SUMS, "unpriced"), figures, strict=True))
    return {**shown, "cost_usd": usd(int(shown["cost"]))}


def _numbers(values: Iterable[Value]) -> Iterator[int | float]:
    """Yield sums as numbers: Postgres gives those of whole ones as decimals, and none for no rows."""
    for value in values:
        yield 0 if value is None else value if isinstance(value, float) else int(value)

"""The ledger's rows as a file, page by page, oldest first: never all of them in memory."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from typing import Any, Literal

import msgspec

from sluicegate.pipeline.ledger import Row

from .connection import Connection
from .database import Database
from .queries import Found, Query, rows_page

Format = Literal["csv", "jsonl"]
MEDIA_TYPES: dict[Format, str] = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
PAGE = 1000
COLUMNS = tuple(Found(Row("", 0, 0.0), None).shown())
"""Names of the columns, in order."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula. https://owasp.org/www-community/attacks/CSV_Injection"""


async def export(database: Database, query: Query, form: Format) -> AsyncGenerator[bytes, None]:
    """Yield the rows of a query as CSV with a head, or as one JSON object a line. A checkpoint.

    Raises:
        DatabaseUnavailable: In the middle of it, too.
    """
    pack: Callable[[Sequence[Found]], bytes] = _csv if form == "csv" else _jsonl
    if form == "csv":
        yield _lines([COLUMNS])
    last: Found | None = None
    while True:
        data, count, last = await database.read(partial(_page, query=query, after=last, pack=pack))
        if data:
            yield data
        if count < PAGE:
            return


def _page(
    connection: Connection, query: Query, after: Found | None, pack: Callable[[Sequence[Found]], bytes]
) -> tuple[bytes, int, Found | None]:
    """Return a page packed, how many rows it has, and the last of them. In the database's thread: it takes a while."""
    page = rows_page(connection, query, limit=PAGE, after=after, up=True)
    return pack(page), len(page), page[-1] if page else None


def _jsonl(page: Sequence[Found]) -> bytes:
    return b"".join(msgspec.json.encode(found.shown()) + b"\n" for found in page)


def _csv(page: Sequence[Found]) -> bytes:
    return _lines([[_cell(value) for value in found.shown().values()] for found in page])


def _lines(rows: Sequence[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    """Return a value as a cell that no spreadsheet computes."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, list | tuple):
        value = ",".join(value)
    elif isinstance(value, dict):
        value = msgspec.json.encode(value).decode() if value else ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value

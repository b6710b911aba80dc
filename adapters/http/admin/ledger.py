"""The admin pages of the ledger: rows, sums of them, and all of it as a file."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import msgspec
from quart import Response, request
from quart_trio import QuartTrio

from sluicegate.adapters.database.database import Database
from sluicegate.adapters.database.export import MEDIA_TYPES, export
from sluicegate.adapters.database.ledger import DatabaseLedger
from sluicegate.adapters.database.queries import (
    MOST_GROUPS,
    MOST_ROWS,
    Query,
    cursor_of,
    read_cursor,
    read_query,
    rows_page,
    summary,
)
from sluicegate.pipeline.errors import GatewayError, InvalidRequest, NotFound
from sluicegate.pipeline.ledger import Ledger

log = logging.getLogger("sluicegate.admin")
USUAL_ROWS = 100
USUAL_GROUPS = 1000
_OWN = frozenset({"limit", "after", "group", "format"})
"""Parameters that say how the answer is to look, and not what it is about."""


def add_ledger(app: QuartTrio, ledger: Ledger) -> None:
    """Add the pages to the admin room."""

    def database() -> Database:
        if not isinstance(ledger, DatabaseLedger):
            raise NotFound("this gateway keeps no ledger: it has no database", code="no_database")
        return ledger.database

    @app.get("/admin/ledger")
    async def rows() -> Response:
        limit, query = _limit(USUAL_ROWS, MOST_ROWS), _query()
        after = read_cursor(request.args["after"]) if "after" in request.args else None
        work = partial(rows_page, query=query, limit=limit, after=after, up=False)
        found = await database().read(work)
        more = cursor_of(found[-1]) if len(found) == limit else None
        return _json({"rows": [one.shown() for one in found], "next": more})

    @app.get("/admin/ledger/summary")
    async def sums() -> Response:
        groups = [name for part in request.args.getlist("group") for name in part.split(",") if name]
        work = partial(summary, query=_query(), groups=groups, limit=_limit(USUAL_GROUPS, MOST_GROUPS))
        return _json({"groups": await database().read(work)})

    @app.get("/admin/ledger/export")
    async def file() -> Response:
        asked = request.args.get("format", "csv")
        form = next((name for name in MEDIA_TYPES if name == asked), None)
        if form is None:
            raise InvalidRequest(f"format: it is one of {', '.join(MEDIA_TYPES)}", param="format")
        body = _told(export(database(), _query(), form))
        response = Response(body, content_type=MEDIA_TYPES[form])
        response.timeout = None  # however long it takes
        response.headers["content-disposition"] = f'attachment; filename="ledger.{form}"'
        return response


async def _told(pages: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield what comes. The head has left, so that an error in the middle can only break the answer off."""
    try:
        async for page in pages:
            yield page
    except GatewayError as error:
        log.error("an export of the ledger broke off: %s", error.message)
        raise
    finally:
        await pages.aclose()


def _query() -> Query:
    pairs = [(name, value) for name, value in request.args.items(multi=True) if name not in _OWN]
    return read_query(pairs, time.time())


def _limit(usual: int, most: int) -> int:
    text = request.args.get("limit", str(usual))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise InvalidRequest(f"limit: it is a number from 1 to {most}", param="limit")
    return int(text)


def _json(value: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(value), content_type="application/json")

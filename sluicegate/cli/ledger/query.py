"""`sluicegate ledger query`: the newest rows, one JSON object a line."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
import typer

from sluicegate.adapters.database.database import Database
from sluicegate.adapters.database.queries import MOST_ROWS, Found, rows_page

from .chosen import Config, Where, query_of, with_ledger


def query(
    where: Where = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="The most rows.")] = 20,
    config: Config = None,
) -> None:
    """Print the newest rows, one JSON object a line."""
    chosen = query_of(where)

    async def read(database: Database) -> list[Found]:
        return await database.read(partial(rows_page, query=chosen, limit=limit, up=False))

    for found in with_ledger(config, read):
        print(msgspec.json.encode(found.shown()).decode())

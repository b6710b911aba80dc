"""`sluicegate ledger summary`: what was used and what it cost, by whatever is of interest."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated, Any

import typer

from sluicegate.adapters.database.database import Database
from sluicegate.adapters.database.queries import GROUPS, MOST_GROUPS
from sluicegate.adapters.database.queries import summary as sums
from sluicegate.pipeline.errors import InvalidRequest

from ..run import WrongUse
from .chosen import Config, Where, query_of, with_ledger

_SHOWN = ("requests", "attempts", "input", "output", "cost_usd", "unpriced")


def summary(
    by: Annotated[
        list[str] | None, typer.Option("--by", "-b", help=f"As often as needed: {', '.join(GROUPS)}.")
    ] = None,
    where: Where = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_GROUPS, help="The most groups, the dearest first.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every figure.")] = False,
    config: Config = None,
) -> None:
    """Print sums of rows for each group, the dearest first."""
    chosen = query_of(where)
    names = [name for text in by or () for name in text.split(",") if name]

    async def read(database: Database) -> list[dict[str, Any]]:
        return await database.read(partial(sums, query=chosen, groups=names, limit=limit))

    try:
        groups = with_ledger(config, read)
    except WrongUse as error:
        if isinstance(cause := error.__cause__, InvalidRequest):
            raise WrongUse(cause.message) from cause
        raise
    if as_json:
        print(json.dumps(groups, indent=2))
        return
    table = [[*names, *_SHOWN], *([str(group[name]) for name in (*names, *_SHOWN)] for group in groups)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())

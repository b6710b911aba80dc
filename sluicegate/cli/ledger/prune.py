"""`sluicegate ledger prune`: forget old rows now. What they cost stays known, by the day."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from sluicegate.adapters.database.database import Database
from sluicegate.adapters.database.moments import iso, read_moment
from sluicegate.adapters.database.prune import prune as forget

from ..run import WrongUse
from .chosen import Config, with_ledger


def prune(
    before: Annotated[str, typer.Option(help="A time such as 2026-11-25, or 90d for as long ago.")],
    config: Config = None,
) -> None:
    """Remove the rows from before a time. Budgets go on counting what they cost."""
    try:
        moment = read_moment(before, time.time())
    except ValueError as error:
        raise WrongUse(f"--before: {error}") from error

    async def remove(database: Database) -> int | None:
        return await forget(database, moment)

    count = with_ledger(config, remove)
    if count is None:
        raise WrongUse("another process is removing old rows right now")
    print(f"{count} rows from before {iso(moment)} removed")

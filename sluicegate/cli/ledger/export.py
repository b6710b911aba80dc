"""`sluicegate ledger export`: rows as CSV or JSON lines, oldest first."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from sluicegate.adapters.database.database import Database
from sluicegate.adapters.database.export import export as pages

from .chosen import Config, Where, query_of, with_ledger


class Form(StrEnum):
    """What a row is."""

    CSV = "csv"
    JSONL = "jsonl"


def export(
    form: Annotated[Form, typer.Option("--format", "-f", help="CSV with a head, or JSON lines.")] = Form.CSV,
    where: Where = None,
    config: Config = None,
) -> None:
    """Write rows to standard output, oldest first."""
    chosen = query_of(where)

    async def write(database: Database) -> None:
        async for page in pages(database, chosen, "csv" if form is Form.CSV else "jsonl"):
            sys.stdout.buffer.write(page)
        sys.stdout.buffer.flush()

    with_ledger(config, write)

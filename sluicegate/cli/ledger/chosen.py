"""Which database and which rows the verbs of the ledger are about."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import trio
import typer

from sluicegate.adapters.database.database import BadDatabaseUrl, Database, open_database
from sluicegate.adapters.database.queries import Query, read_query
from sluicegate.adapters.database.rows import MIGRATIONS
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.errors import GatewayError, InvalidRequest
from sluicegate.pipeline.registry import Registry

from ..database import with_database
from ..run import WrongUse
from ..source import load_chosen

T = TypeVar("T")

Config = Annotated[Path | None, typer.Option("--config", "-c", help="The configuration; config.yaml, if there is one.")]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        "-w",
        help="NAME=VALUE, as often as needed: since, until (a time, or 24h for as long ago), key, team, user, model, "
        "provider, tag, tenant, status and others.",
    ),
]


def query_of(where: list[str] | None) -> Query:
    """Return the rows that are meant. Raises WrongUse."""
    pairs = []
    for text in where or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise WrongUse(f"--where {text!r} is no NAME=VALUE, such as since=24h")
        pairs.append((name.strip(), value))
    try:
        return read_query(pairs, time.time())
    except InvalidRequest as error:
        raise WrongUse(error.message) from error


def with_ledger(config: Path | None, work: Callable[[Database], Awaitable[T]]) -> T:
    """Return what ``work`` does with the database of a configuration. Blocks.

    Raises:
        WrongUse: It cannot be opened or read.
    """
    try:
        url = with_database(load_chosen(config, Registry()).config).database.url
        database = open_database(url)
    except (BadDatabaseUrl, ConfigError) as error:
        raise WrongUse(str(error)) from error
    for name, statements in MIGRATIONS.items():
        database.expect(name, statements)

    async def run() -> T:
        try:
            return await work(database)
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 5):
                await database.aclose()

    try:
        return trio.run(run)
    except GatewayError as error:
        raise WrongUse(f"{database.shown}: {error.message}") from error
    except KeyboardInterrupt:
        os._exit(130)  # the database's thread may be in the middle of something

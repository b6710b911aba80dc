"""Keeps a directory up to date for as long as somebody serves with it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from sluicegate.pipeline.errors import GatewayError

from .directory import DatabaseDirectory
from .errors import UnusableKeySecret
from .identities import Identities

log = logging.getLogger("sluicegate.identity")


@asynccontextmanager
async def directory_over(identities: Identities, *, always: bool = False) -> AsyncIterator[DatabaseDirectory]:
    """Give the directory of a database, keep it up to date while the block runs, and close the database. A checkpoint.

    The exception that ends the block arrives as it was raised.

    Args:
        always: Whether requests need a key also where there is none yet.
    """
    directory = DatabaseDirectory(identities, always=always)
    try:
        await identities.prepare()
        await directory.refresh()
    except (GatewayError, UnusableKeySecret) as error:
        log.error("API keys cannot be read from the database yet: %s", error)
    failure: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(directory.run)
            try:
                yield directory
            except BaseException as error:
                failure = error  # kept out of the nursery, which would put it into a group
            nursery.cancel_scope.cancel()
    finally:
        with trio.move_on_after(1, shield=True):
            await identities.database.aclose()
    if failure is not None:
        raise failure

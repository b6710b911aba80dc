"""The keys, users and teams that a gateway in another program knows: those of its database, if it has one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from sluicegate.pipeline.config.problems import ConfigError, Problem
from sluicegate.pipeline.config.sections import GatewayConfig

if TYPE_CHECKING:
    from sluicegate.adapters.identity.directory import DatabaseDirectory


@asynccontextmanager
async def keys_of(config: GatewayConfig, environ: Mapping[str, str]) -> AsyncIterator[DatabaseDirectory | None]:
    """Give them, and keep them up to date while the block runs; None without ``database.url``. A checkpoint.

    Args:
        environ: Where the secret of keys is found, or the folder that it is kept in.

    Raises:
        ConfigError: The URL names no database.
    """
    if not config.database.url:
        yield None
        return
    # Few programs have a database, and `import sluicegate` stays quick.
    from sluicegate.adapters.database.database import BadDatabaseUrl, open_database
    from sluicegate.adapters.identity.identities import Identities
    from sluicegate.adapters.identity.upkeep import directory_over

    try:
        identities = Identities(open_database(config.database.url), environ)
    except BadDatabaseUrl as error:
        raise ConfigError([Problem(str(error), "wrong-value", path="database.url")]) from error
    async with directory_over(identities) as directory:
        yield directory

"""Keys that are kept in the database, for the processes that serve: where they are, and who keeps them up to date."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager

import trio

from sluicegate.adapters.database.database import BadDatabaseUrl, open_database
from sluicegate.adapters.http.sockets import is_loopback
from sluicegate.adapters.identity.directory import DatabaseDirectory
from sluicegate.adapters.identity.errors import UnusableKeySecret
from sluicegate.adapters.identity.identities import Identities
from sluicegate.adapters.identity.upkeep import directory_over
from sluicegate.pipeline.config.problems import ConfigError, Problem
from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.errors import GatewayError

from .database import with_database
from .run import WrongUse


def open_identities(config: GatewayConfig) -> Identities:
    """Return the keys, users and teams of a configuration's database; nothing is read yet.

    They have a connection of their own: neither a large query nor a slow write keeps a revocation waiting.

    Raises:
        ConfigError: The URL names no database.
    """
    try:
        return Identities(open_database(with_database(config).database.url), os.environ)
    except BadDatabaseUrl as error:
        raise ConfigError([Problem(str(error), "wrong-value", path="database.url")]) from error


def keys_are_kept(config: GatewayConfig) -> bool:
    """Say whether the database has keys, or cannot be asked, in which case nobody gets in without one. Blocks.

    Raises:
        ConfigError: The URL names no database.
        WrongUse: The keys in it were made with another secret.
    """
    # In a thread of its own, since this one may run trio already.
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(trio.run, _look, open_identities(config)).result()


async def _look(identities: Identities) -> bool:
    directory = DatabaseDirectory(identities)
    try:
        await identities.prepare()
        await directory.refresh()
    except GatewayError:
        pass  # whoever serves will find the same, and log it
    except UnusableKeySecret as error:
        raise WrongUse(str(error)) from error
    finally:
        await identities.database.aclose()
    return directory.asks


def directory_of(config: GatewayConfig) -> AbstractAsyncContextManager[DatabaseDirectory]:
    """Return what gives the directory of a configuration's database, and keeps it up to date while its block runs."""
    return directory_over(open_identities(config), always=not is_loopback(config.server.host))

"""Opens a gateway for the length of a block, in the caller's own trio program."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.registry import Registry
from sluicegate.pipeline.resources import AccessLog

from .builder import GatewayBuilder
from .client import Client
from .keys import keys_of

if TYPE_CHECKING:
    from sluicegate.pipeline.config.load import Loaded

Source = str | os.PathLike[str] | GatewayConfig | GatewayBuilder | None

log = logging.getLogger("sluicegate")


@asynccontextmanager
async def open_gateway(
    source: Source = None,
    *,
    api_key: str | None = None,
    environ: Mapping[str, str] | None = None,
    access_log: AccessLog | None = None,
) -> AsyncIterator[Client]:
    """Run a gateway for as long as the block runs, and give a client of it. A checkpoint.

    Leaving the block waits for the streams and calls still under way, as long as ``server.drain`` says; leaving it by
    an exception ends them at once. The exception arrives as it was raised. No socket is opened to listen on.

    Args:
        source: A file's path, a checked configuration, a builder, or None for what the environment alone says.
        api_key: The caller's key, where the configuration has keys, or the database that it names.
        environ: The environment to read variables from; the program's own by default.
        access_log: Takes one record for each exchange that has ended; nothing is logged by default.

    Raises:
        ConfigError: The configuration cannot be used.
    """
    from sluicegate.assembly import build  # imported when a gateway is opened, so that `import sluicegate` stays quick

    registry = source.registry if isinstance(source, GatewayBuilder) else Registry()
    environ = os.environ if environ is None else environ
    config = _config(source, environ, registry)
    async with keys_of(config, environ) as directory:
        database = directory.identities.database if directory is not None else None
        gateway = build(config, registry, access_log=access_log, directory=directory, revocations=database)
        failure: BaseException | None = None
        async with trio.open_nursery() as nursery:
            await nursery.start(gateway.run)
            try:
                yield Client(gateway, api_key)
                await gateway.drain(config.server.drain)
            except BaseException as error:
                failure = error  # kept out of the nursery, which would put it into a group
            nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure


def _config(source: Source, environ: Mapping[str, str], registry: Registry) -> GatewayConfig:
    if isinstance(source, GatewayConfig):
        return source
    loaded = _load(source, environ, registry)
    for problem in loaded.problems:
        log.warning("%s", problem)
    return loaded.config


def _load(
    source: str | os.PathLike[str] | GatewayBuilder | None, environ: Mapping[str, str], registry: Registry
) -> Loaded:
    from sluicegate.pipeline.config.load import default_config, load  # as above

    if isinstance(source, GatewayBuilder):
        return source.load(environ)
    return default_config(environ, registry) if source is None else load(Path(source), environ, registry)

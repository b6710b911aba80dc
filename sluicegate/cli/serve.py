"""`sluicegate serve`: from a configuration to a running gateway. It imports nothing that starting does not need."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from socket import socket
from typing import Annotated

import msgspec
import trio
import typer

from sluicegate.adapters.http.admin_key import AdminKey, UnusableAdminKey, load_admin_key
from sluicegate.adapters.http.app import FrontDoor
from sluicegate.adapters.http.asgi import App
from sluicegate.adapters.http.certificate import UnusableCertificate, check_certificate
from sluicegate.adapters.http.generations import Generations
from sluicegate.adapters.http.lifetime import live_alone
from sluicegate.adapters.http.sockets import CannotListen, listen, url_of
from sluicegate.adapters.telemetry.log_writer import LogWriter
from sluicegate.adapters.telemetry.logs import configure
from sluicegate.adapters.workers.count import count_workers
from sluicegate.assembly import build
from sluicegate.pipeline.config.load import Loaded
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.config.store_settings import MEMORY
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.registry import Registry

from .database import with_database
from .exposure import exposure
from .front import front_of
from .garbage import keep_what_there_is, look_at_all_again
from .keeping import directory_of, keys_are_kept
from .last_lines import close_logs
from .left_out import told_at_start
from .reload import Reloader
from .run import INTERRUPTED, WrongUse
from .source import STANDARD_INPUT, load_chosen
from .start_lines import start_lines
from .watching import watch

WRONG_CONFIG = 1


class LogLevel(StrEnum):
    """What is worth a line."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def serve(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The configuration; config.yaml, if there is one.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Listen on this address.")] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Listen on this port, or on a free one for 0."),
    ] = None,
    log_level: Annotated[LogLevel, typer.Option(help="Write log lines from this level on.")] = LogLevel.INFO,
) -> None:
    """Run the gateway until SIGINT or SIGTERM."""
    try:
        code = _run(config, host, port, log_level)
    except (CannotListen, UnusableCertificate, UnusableAdminKey) as error:
        raise WrongUse(str(error)) from error
    except ConfigError as error:
        print(error, file=sys.stderr)
        code = WRONG_CONFIG
    except KeyboardInterrupt:
        code = INTERRUPTED
    raise typer.Exit(code)


def _run(file: Path | None, host: str | None, port: int | None, log_level: LogLevel) -> int:
    registry = Registry()

    def read() -> Loaded:
        return _loaded(file, host, port, registry)

    loaded = read()
    for line in told_at_start(loaded.problems):
        print(line, file=sys.stderr)
    kept = keys_are_kept(loaded.config)
    if refusal := exposure(loaded.config, kept=kept):
        raise WrongUse(refusal)
    server = loaded.config.server
    check_certificate(server.tls)
    sock = listen(server.host, server.port)
    key = load_admin_key(os.environ)
    url = url_of(sock, secure=bool(server.tls.certificate))
    count = count_workers(server.workers)

    def read_again() -> Loaded:
        if file == STANDARD_INPUT:
            raise WrongUse("the configuration came through standard input, which can be read only once")
        return read()

    def started(gateway: Gateway) -> None:
        _say(start_lines(gateway, loaded, url=url, key=key, workers=count, kept=kept))

    if count > 1:
        from .supervise import Plan, supervise  # one process alone needs nothing of it

        supervise(Plan(read_again, registry, sock, key, log_level.value, count), loaded, started)
    else:
        logs = configure(log_level.value, sys.stderr)
        trio.run(_serve, loaded, read_again, registry, key, sock, logs, started)
        close_logs(logs)
    return 0


def _loaded(file: Path | None, host: str | None, port: int | None, registry: Registry) -> Loaded:
    """Return the configuration, with what the command line says in its place.

    Raises:
        ConfigError: It is wrong.
        WrongUse: It cannot be read.
    """
    loaded = load_chosen(file, registry)
    server = loaded.config.server
    server = msgspec.structs.replace(server, host=host or server.host, port=server.port if port is None else port)
    database = with_database(loaded.config).database
    return replace(loaded, config=msgspec.structs.replace(loaded.config, server=server, database=database))


def _say(lines: Iterable[str]) -> None:
    try:
        print(*lines, sep="\n", flush=True)
    except BrokenPipeError:
        # Whoever read the lines, such as `head`, has left; that is no reason to end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _serve(
    loaded: Loaded,
    read: Callable[[], Loaded],
    registry: Registry,
    key: AdminKey,
    sock: socket,
    logs: LogWriter,
    started: Callable[[Gateway], None],
) -> None:
    """Run the gateway in this process, and those that take its place, to the end."""
    async with directory_of(loaded.config) as directory:
        made = partial(
            build,
            registry=registry,
            access_log=logs.access,
            directory=directory,
            revocations=directory.identities.database,
        )

        def front(gateway: Gateway, config: GatewayConfig) -> FrontDoor:
            return front_of(gateway, config, key, view=generations, reload=reloader.reload)

        def succeed(config: GatewayConfig, before: Gateway) -> tuple[Gateway, App]:
            gateway = made(config, stores={MEMORY: before.resources.stores[MEMORY]}, before=before)
            return gateway, front(gateway, config)

        gateway = made(loaded.config)
        generations = Generations(gateway, loaded.config.server, alone=look_at_all_again)
        reloader = Reloader(loaded, generations, read=read, open_gateway=succeed)
        generations.open(front(gateway, loaded.config))
        del gateway  # it may have gone long before this ends
        keep_what_there_is()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reloader.run)
            if loaded.config.server.watch:
                nursery.start_soon(watch, lambda: reloader.files, reloader.want)
            await live_alone(
                generations, generations, sock, started=lambda: started(generations.gateway), reload=reloader.want
            )
            nursery.cancel_scope.cancel()

"""`sluicegate serve`: from a configuration to a running gateway. It imports nothing that starting does not need."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import replace
from enum import StrEnum
from importlib.metadata import version as version_of
from pathlib import Path
from socket import socket
from typing import Annotated

import msgspec
import trio
import typer

from sluicegate.adapters.http.admin.door import AdminDoor
from sluicegate.adapters.http.admin.pages import Pages
from sluicegate.adapters.http.admin_key import AdminKey, UnusableAdminKey, load_admin_key
from sluicegate.adapters.http.app import FrontDoor
from sluicegate.adapters.http.certificate import UnusableCertificate, check_certificate
from sluicegate.adapters.http.lifetime import live
from sluicegate.adapters.http.sockets import CannotListen, listen, url_of
from sluicegate.adapters.telemetry.log_writer import LogWriter
from sluicegate.adapters.telemetry.logs import configure
from sluicegate.assembly import build
from sluicegate.pipeline.config.load import Loaded
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.registry import Registry

from .exposure import exposure, has_keys
from .run import INTERRUPTED, WrongUse
from .source import load_chosen
from .start_lines import start_lines

WRONG_CONFIG = 1
NEW_OBJECTS = 10_000
"""How many new objects make Python look for cycles among them. Its default, 700, is reached by ten requests under way,
which are no garbage, and looking at them again and again takes a twentieth of the time."""


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
    loaded = load_chosen(file, registry)
    server = loaded.config.server
    server = msgspec.structs.replace(server, host=host or server.host, port=server.port if port is None else port)
    loaded = replace(loaded, config=msgspec.structs.replace(loaded.config, server=server))
    for problem in loaded.problems:
        print(problem, file=sys.stderr)
    if refusal := exposure(loaded.config):
        raise WrongUse(refusal)
    check_certificate(server.tls)
    sock = listen(server.host, server.port)
    key = load_admin_key(os.environ)
    logs = configure(log_level.value, sys.stderr)
    trio.run(_serve, loaded, registry, key, sock, logs)
    logs.close()
    return 0


async def _serve(loaded: Loaded, registry: Registry, key: AdminKey, sock: socket, logs: LogWriter) -> None:
    """Run the gateway to its end."""
    version = version_of("sluicegate")
    config = loaded.config
    gateway = build(config, registry, access_log=logs.access)
    door = AdminDoor(key, Pages(gateway, config, version=version), config.metrics)
    front = FrontDoor(gateway, door, version=version, keyless=not has_keys(config))
    url = url_of(sock, secure=bool(config.server.tls.certificate))

    def started() -> None:
        lines = start_lines(
            gateway, config, version=version, url=url, source=loaded.source, key=key, keyless=not has_keys(config)
        )
        try:
            print(*lines, sep="\n", flush=True)
        except BrokenPipeError:
            # Whoever read the lines, such as `head`, has left; that is no reason to end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    # What has been made by now stays: cycles are looked for among the rest.
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
    await live(gateway, front, sock, started=started)

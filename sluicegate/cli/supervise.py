"""`sluicegate serve` with more than one worker: this process binds, checks and watches, and the workers serve."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from tempfile import TemporaryFile
from typing import NamedTuple

import trio

from sluicegate.adapters.http.admin_key import AdminKey
from sluicegate.adapters.http.certificate import check_certificate
from sluicegate.adapters.stores.table import create_memory
from sluicegate.adapters.telemetry.logs import configure
from sluicegate.adapters.workers.post import Files, Post
from sluicegate.adapters.workers.reign import reign
from sluicegate.adapters.workers.supervisor import Supervisor
from sluicegate.assembly import build
from sluicegate.pipeline.config.load import Loaded
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.metrics import MAX_SERIES
from sluicegate.pipeline.registry import Registry

from .exposure import exposure
from .keeping import keys_are_kept
from .last_lines import close_logs
from .run import WrongUse
from .watching import watch

log = logging.getLogger("sluicegate.workers")

# With -P, the working directory is no place to import from, unless it was one for this process: a worker gets our path.
COMMAND = (sys.executable, "-P", "-m", "sluicegate.cli.worker")


@dataclass(frozen=True)
class Plan:
    """How the workers are run.

    Attributes:
        read: Reads the configuration anew, from where it was read at the start.
        registry: Where stages and providers come from.
        sock: What they accept from.
        count: How many they are.
    """

    read: Callable[[], Loaded]
    registry: Registry
    sock: socket
    key: AdminKey
    log_level: str
    count: int


class _Read(NamedTuple):
    """A configuration that was read anew: what new workers are given, the most series, and the files that it is in."""

    post: Post
    max_series: int
    files: tuple[Path, ...]


def supervise(plan: Plan, loaded: Loaded, started: Callable[[Gateway], None]) -> None:
    """Run the workers until a signal ends them. Blocks.

    Args:
        started: Called once requests are answered, with a gateway as each worker has one.

    Raises:
        ConfigError: A stage or provider finds that its settings cannot be used.
    """
    with TemporaryFile() as lock:
        logs = configure(plan.log_level, sys.stderr, lock=lock.fileno())
        gateway = build(loaded.config, plan.registry)
        files = Files(plan.sock.fileno(), lock.fileno(), create_memory())
        post = _post(plan, loaded, files)
        post.dump()

        watched = loaded.files

        def reload() -> tuple[Post, int] | None:
            nonlocal watched
            if (read := _reloaded(plan, loaded, files)) is None:
                return None
            watched = read.files
            return read.post, read.max_series

        async def watch_files(restart: Callable[[], None]) -> None:
            if loaded.config.server.watch:
                await watch(lambda: watched, restart)

        async def run() -> None:
            supervisor = Supervisor(
                COMMAND, post, plan.count, max_series=_places(gateway), started=lambda: started(gateway)
            )
            await reign(supervisor, reload, watch_files)

        trio.run(run)
        close_logs(logs)


def _post(plan: Plan, loaded: Loaded, files: Files) -> Post:
    return Post(
        config=loaded.config,
        files=files,
        admin_key=plan.key.value,
        log_level=plan.log_level,
    )


def _places(gateway: Gateway) -> int:
    """Return the most series of all workers together: those that are configured, and twice what one has beside them."""
    return gateway.resources.metrics.reserved + 2 * MAX_SERIES


def _reloaded(plan: Plan, first: Loaded, files: Files) -> _Read | None:
    """Return what new workers are given, or None, with the reasons in the log, if that cannot be."""
    try:
        loaded = plan.read()
        if loaded.source != first.source:
            raise WrongUse(f"the configuration would come from {loaded.source}, and no more from {first.source}")
        if refusal := exposure(loaded.config, kept=keys_are_kept(loaded.config)):
            raise WrongUse(refusal)
        check_certificate(loaded.config.server.tls)
        gateway = build(loaded.config, plan.registry)
        post = _post(plan, loaded, files)
        post.dump()
    except (ConfigError, WrongUse, OSError, TypeError) as error:
        for line in str(error).splitlines():
            log.error("the workers stay as they are: %s", line)
        return None
    for problem in loaded.problems:
        log.warning("%s", problem)
    for name in ("host", "port", "workers", "watch"):
        if getattr(loaded.config.server, name) != getattr(first.config.server, name):
            log.warning("server.%s has changed: that takes a start anew, and no restart of workers", name)
    return _Read(post, _places(gateway), loaded.files)

"""`sluicegate serve` with more than one worker: this process binds, checks and watches, and the workers serve."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from socket import socket
from tempfile import TemporaryFile

import trio

from sluicegate.adapters.http.admin_key import AdminKey
from sluicegate.adapters.http.certificate import check_certificate
from sluicegate.adapters.stores.table import create_memory
from sluicegate.adapters.telemetry.logs import configure
from sluicegate.adapters.workers.post import Files, Post
from sluicegate.adapters.workers.reign import reign
from sluicegate.adapters.workers.reread import Reread, refused
from sluicegate.adapters.workers.supervisor import Supervisor
from sluicegate.assembly import build
from sluicegate.pipeline.config.load import Loaded
from sluicegate.pipeline.config.problems import ConfigError, Problem
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.metrics import MAX_SERIES
from sluicegate.pipeline.registry import Registry

from .changes import OF_THE_SUPERVISOR, as_started, changes, report
from .exposure import exposure
from .keeping import keys_are_kept
from .last_lines import close_logs
from .reload import CRASHED
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

        rereading = _Rereading(plan, loaded, files)

        async def watch_files(restart: Callable[[], None]) -> None:
            if loaded.config.server.watch:
                await watch(lambda: rereading.last.files, restart)

        async def run() -> None:
            supervisor = Supervisor(
                COMMAND, post, plan.count, max_series=_places(gateway), started=lambda: started(gateway)
            )
            await reign(supervisor, rereading.read, watch_files)

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


class _Rereading:
    """Reads the configuration anew, and knows the last one that could be used.

    Attributes:
        last: What workers are started with.
    """

    def __init__(self, plan: Plan, loaded: Loaded, files: Files) -> None:
        self.last = loaded
        self._plan = plan
        self._files = files

    def read(self) -> Reread:
        """Return what new workers are given, or, told in the log too, why the old ones stay. Blocks."""
        try:
            return self._read()
        except ConfigError as error:
            problems = error.problems
        except (WrongUse, OSError, TypeError) as error:
            problems = (Problem(str(error), "unusable"),)
        except Exception:
            # Whoever made a stage may have left a bug in it; the workers that run have nothing to do with that.
            log.exception("a stage or provider failed at its start")
            problems = (CRASHED,)
        for problem in problems:
            log.error("the workers stay as they are: %s", problem)
        return refused(problems)

    def _read(self) -> Reread:
        loaded, before = self._plan.read(), self.last
        if loaded.source != before.source:
            raise WrongUse(f"the configuration would come from {loaded.source}, and no more from {before.source}")
        if refusal := exposure(loaded.config, kept=keys_are_kept(loaded.config)):
            raise WrongUse(refusal)
        check_certificate(loaded.config.server.tls)
        # The other settings of the server are each worker's own, and so is its database.
        config, waiting = as_started(before.config, loaded.config, OF_THE_SUPERVISOR)
        gateway = build(config, self._plan.registry)
        changed = changes(before.config, config)
        fresh = replace(loaded, config=config)
        post = _post(self._plan, fresh, self._files)
        post.dump()
        self.last = fresh
        for problem in loaded.problems:
            log.warning("%s", problem)
        for path in waiting:
            log.warning("%s has changed: that takes a start anew, and no restart of workers", path)
        return Reread(report(changed, waiting, loaded.problems), post, _places(gateway))

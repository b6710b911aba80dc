"""The configuration anew, in a process that serves alone: all of it, or nothing and every reason why."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import trio

from sluicegate.adapters.http.asgi import App
from sluicegate.adapters.http.generations import Generations
from sluicegate.adapters.http.reloading import CannotReload
from sluicegate.pipeline.config.load import Loaded
from sluicegate.pipeline.config.problems import ConfigError, Problem
from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.errors import GatewayError, Overloaded
from sluicegate.pipeline.gateway import Gateway

from .changes import as_started, changes, report
from .exposure import exposure
from .run import WrongUse

CRASHED = Problem("a stage or provider failed at its start, as the log tells", "crashed")
log = logging.getLogger("sluicegate.reload")


class Reloader:
    """Reads the configuration anew and lets a new gateway take the place of the one that runs.

    Args:
        loaded: What the gateway that runs was made from.
        generations: Who runs it.
        read: Reads the configuration from where it was read at the start. Blocks; called in a thread.
        open_gateway: Returns a gateway that takes the place of another, and the application in front of it.
    """

    def __init__(
        self,
        loaded: Loaded,
        generations: Generations,
        *,
        read: Callable[[], Loaded],
        open_gateway: Callable[[GatewayConfig, Gateway], tuple[Gateway, App]],
    ) -> None:
        self._loaded = loaded
        self._generations = generations
        self._read = read
        self._open = open_gateway
        self._turn = trio.Lock()
        self._wanted = trio.Event()

    @property
    def files(self) -> Sequence[Path]:
        """The files that the configuration in use was read from."""
        return self._loaded.files

    def want(self) -> None:
        """Have it done soon: however many want it while it is done, it is done once more. Never waits."""
        self._wanted.set()

    async def run(self) -> None:
        """Do what is wanted, for ever; the log tells how it went. A checkpoint."""
        while True:
            await self._wanted.wait()
            self._wanted = trio.Event()
            with suppress(GatewayError):  # the log has it
                await self.reload()

    async def reload(self) -> dict[str, Any]:
        """Do it now, and return what has changed. A checkpoint.

        Raises:
            CannotReload: The old gateway goes on, for these reasons.
            Overloaded: The process is ending.
        """
        async with self._turn:
            try:
                return await self._moved()
            except ConfigError as error:
                problems = error.problems
            except (WrongUse, OSError) as error:
                problems = (Problem(str(error), "unusable"),)
            except GatewayError:
                raise
            except Exception:
                # Whoever made a stage may have left a bug in it; the old gateway has nothing to do with that.
                log.exception("a stage or provider failed at its start")
                problems = (CRASHED,)
            for problem in problems:
                log.error("the configuration stays as it is: %s", problem)
            raise CannotReload(problems)

    async def _moved(self) -> dict[str, Any]:
        read = await trio.to_thread.run_sync(self._read)
        old = self._loaded
        if read.source != old.source:
            raise WrongUse(f"the configuration would come from {read.source}, and no more from {old.source}")
        config, waiting = as_started(old.config, read.config)
        changed = changes(old.config, config)
        running = self._generations.gateway
        if refusal := exposure(config, kept=running.resources.directory.asks):
            raise WrongUse(refusal)
        if changed:
            gateway, app = self._open(config, running)
            if not await self._generations.move_to(gateway, app):
                raise Overloaded("the gateway is ending", code="draining", retry_after=1.0)
        self._loaded = replace(read, config=config)
        for problem in read.problems:
            log.warning("%s", problem)
        for path in waiting:
            log.warning("%s has changed: that takes a start anew", path)
        log.info("configuration reloaded; changed: %s", ", ".join(changed) or "nothing")
        return report(changed, waiting, read.problems)

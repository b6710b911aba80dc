"""Load for a gateway in this process, through the library."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import trio

from sluicegate import GatewayError, open_gateway
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.request import Request

from .engine import Rules
from .events import IN_BAND, has_content
from .measurement import Measurement
from .shots import Shot, Timed
from .tasks import Ask, Outcome, TaskLoad


def asking(gateway: Gateway, key: str | None = None) -> Ask:
    """Return what asks a running gateway. Errors have the names that they have over HTTP."""

    async def ask(shot: Shot) -> Outcome:
        request = Request(shot.operation, shot.body, shot.headers, shot.dialect, credential=key, subject=shot.subject)
        if not shot.stream:
            try:
                await gateway.ask(request)
            except GatewayError as error:
                return Outcome(f"http_{error.status}")
            return Outcome()
        return await _stream(gateway, request)

    return ask


async def _stream(gateway: Gateway, request: Request) -> Outcome:
    first, chunks = None, 0
    try:
        async with gateway.stream(request) as flow:
            async for batch in flow:
                chunks += len(batch)
                if first is None and any(has_content(chunk.data) for chunk in batch):
                    first = trio.current_time()
    except GatewayError as error:
        return Outcome(IN_BAND if chunks else f"http_{error.status}")
    return Outcome(first=first, chunks=chunks)


def run_in_library(
    config: Path,
    key: str | None,
    timed: Iterator[Timed],
    rules: Rules,
    measurement: Measurement,
    tick: Callable[[Measurement], None] | None = None,
) -> Measurement:
    """Open the gateway of a configuration file, run a load on it, and close it.

    Raises:
        ConfigError: It cannot be used.
    """

    async def run() -> None:
        async with open_gateway(config, environ=os.environ) as client:
            await TaskLoad(asking(client.gateway, key), timed, rules, measurement, tick).run()

    trio.run(run)
    return measurement

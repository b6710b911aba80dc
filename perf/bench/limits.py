"""What keys, limits and budgets cost a request, in microseconds of our CPU, beside the same request without them.

No sockets but those to a Redis: chats go through the pipeline in this process, as the embedded library's do, and the
simulator answers at once. With and without alternate inside one run, and of each the best of several rounds stands.

Run: ``python -m sluicegate.perf.bench.limits``
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trio
import trio.testing

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.adapters.stores.redis.address import Address
from sluicegate.adapters.stores.redis.store import RedisStore
from sluicegate.adapters.stores.shared import SharedStore
from sluicegate.adapters.stores.table import create_memory
from sluicegate.assembly import build
from sluicegate.pipeline.config.load import load_values
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.registry import Registry
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.store import Store

from . import machine
from .redis import PATIENCE, SERVER, server
from .rows import Row, at_most, number, row_table, table
from .sections import REPORT, NoSection, write
from .translation import request

CALLERS = 64
CALLS = 1500
"""Of each round of each."""
ROUNDS = 5
KEY = "a key of twenty-four letters"
MOST = {"memory": 60.0, "memory of several workers": 60.0, "Redis": 150.0}
"""Microseconds that keys, three limits and a budget may add."""
STORE = "shared"
PLAIN: Mapping[str, Any] = {
    "providers": {"sim": {"type": "simulator", "tokens": 1, "first_token": "0s", "tokens_per_second": 1_000_000}},
    "models": {"m": {"targets": ["sim/echo"]}},
    "prices": {"sim/echo": {"input": "$1/M", "output": "$2/M"}},
    "recall": {"enabled": False},
    "cache": {"enabled": False},
}
LIMITED: Mapping[str, Any] = {
    "auth": {"api_keys": [{"key": KEY, "name": "ci"}]},
    "limit": {
        "store": STORE,
        "requests": ["100000000/min", "1000000000/h"],
        "tokens": ["100000000000/min"],
        "budgets": {"day": "$100000000"},
    },
}


def gateway(more: Mapping[str, Any], store: Store) -> Gateway:
    """Return a gateway with these sections beside those of `PLAIN`."""
    stores = {STORE: {"type": "redis", "url": "redis://127.0.0.1"}}
    config = load_values({**PLAIN, "stores": stores, **more}, {}, Registry()).config
    return build(config, stores={STORE: store})


async def per_call(running: Gateway, calls: int) -> float:
    """Return the microseconds of CPU that one chat takes, its settling with it."""

    each = max(1, calls // CALLERS)

    async def caller() -> None:
        for _ in range(each):
            asked = request("openai", stream=False)
            await running.ask(Request("chat", asked.body, credential=KEY))

    spent = time.process_time()
    async with trio.open_nursery() as callers:
        for _ in range(CALLERS):
            callers.start_soon(caller)
    await trio.testing.wait_all_tasks_blocked()
    return (time.process_time() - spent) / (each * CALLERS) * 1e6


async def beside(store: Store, calls: int) -> tuple[float, float]:
    """Return the microseconds of a chat without keys and limits, and with them."""
    best: dict[bool, float] = {}
    gateways = {limited: gateway(LIMITED if limited else {}, store) for limited in (False, True)}
    async with trio.open_nursery() as nursery:
        if isinstance(store, RedisStore):
            nursery.start_soon(store.run)
        for one in gateways.values():
            await nursery.start(one.run)
        for round_ in range(ROUNDS + 1):
            for limited, one in gateways.items():
                took = await per_call(one, calls)
                if round_:  # the first one warms up
                    best[limited] = min(took, best.get(limited, took))
        nursery.cancel_scope.cancel()
    return best[False], best[True]


def measured(calls: int) -> list[Row]:
    """Return the figures of each store; those of a Redis where there is one."""
    rows = _rows("memory", trio.run(beside, MemoryStore(time.monotonic), calls))
    rows += _rows("memory of several workers", trio.run(beside, SharedStore(create_memory()), calls))
    if shutil.which(SERVER) is not None:
        with server() as addresses:
            address: Address = addresses["TCP"]
            store = RedisStore("bench", address, timeout=PATIENCE, prefix="bench:")
            rows += _rows("Redis", trio.run(beside, store, calls))
    return rows


def _rows(store: str, found: tuple[float, float]) -> list[Row]:
    without, limited = found
    told = f"; {number(limited)} us beside {number(without)} us, {limited / without:.2f} times"
    what = f"a key, three limits and a budget, {store}: added to a chat"
    return [at_most(what, limited - without, MOST[store], "us", told)]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; return 1 where there is no place for the figures."""
    parser = argparse.ArgumentParser(prog="python -m sluicegate.perf.bench.limits")
    parser.add_argument("--report", type=Path, default=REPORT, help="the file that has a section `limits`")
    parser.add_argument("--calls", type=int, default=CALLS, help="of each round of each")
    options = parser.parse_args(arguments)
    about, work = machine.facts(), machine.OtherWork()
    try:
        found = measured(options.calls)
        about.append(("other work on the machine meanwhile", work.told()))
        print(*found, sep="\n")
        write(options.report, "limits", f"{table(('', ''), about)}\n\n{row_table(found)}")
    except (OSError, NoSection) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

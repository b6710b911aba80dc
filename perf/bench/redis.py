"""Measure a Redis behind the store's one connection, beside redis-py in threads: the same server, the same run.

Run: ``python -m sluicegate.perf.bench.redis``
"""

from __future__ import annotations

import argparse
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import redis
import trio

from sluicegate.adapters.stores.redis.address import Address
from sluicegate.adapters.stores.redis.commands import Commands
from sluicegate.adapters.stores.redis.multiplexer import Multiplexer
from sluicegate.adapters.stores.redis.store import RedisStore
from sluicegate.pipeline.store import Window

from ..processes import cores, pin
from . import machine
from .rows import Row, at_least, at_most, number, row_table, table
from .sections import REPORT, NoSection, write

SERVER = "redis-server"
CALLERS = 64
"""Tasks, and threads."""
ROUNDS = 5
SECONDS = 1.0
"""Of each round of each."""
VALUE = b"x" * 100
GETS = 50_000
TIMES = 10
"""What is to be reached: so many GETs a second, and so many times as many as by redis-py in threads."""
PATIENCE = 5.0
WINDOWS = [Window("requests", 10**9, 60.0), Window("requests", 10**9, 3600.0), Window("tokens", 10**9, 60.0)]
MOST_HIT = 150.0
"""Microseconds of our CPU that counting in three windows may take."""


@contextmanager
def server() -> Iterator[dict[str, Address]]:
    """Run a Redis for as long as the block runs, and give its addresses by what they are called.

    Raises:
        OSError: It does not start.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/socket"
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            port = held.getsockname()[1]
        command = [
            SERVER,
            "--bind",
            "127.0.0.1",
            "--port",
            str(port),
            "--unixsocket",
            path,
            "--save",
            "",
            "--dir",
            folder,
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            until = time.monotonic() + PATIENCE
            while not Path(path).exists():
                if process.poll() is not None or time.monotonic() > until:
                    raise OSError(f"{SERVER} does not start")
                time.sleep(0.01)
            with redis.Redis(unix_socket_path=path) as client:
                client.set("key", VALUE)
            pin(cores()[1:], process.pid)
            yield {"TCP": Address("127.0.0.1", port), "a Unix socket": Address(path=path)}
        finally:
            process.kill()
            process.wait()


@contextmanager
def on_the_first_core() -> Iterator[None]:
    """Keep this process on the first core while the block runs; the server is on the others."""
    usual = cores()
    pin(usual[:1])
    try:
        yield
    finally:
        pin(usual)


def in_threads(address: Address, seconds: float) -> tuple[float, float]:
    """Return how many GETs a second redis-py does in threads, and the microseconds of CPU that each takes.

    The threads have a client in common, and in its pool a connection each.
    """
    client = redis.Redis(address.host, address.port, unix_socket_path=address.path or None, max_connections=CALLERS)
    done: list[int] = []
    until = time.perf_counter() + seconds

    def work() -> None:
        many = 0
        while time.perf_counter() < until:
            client.get("key")
            many += 1
        done.append(many)

    threads = [threading.Thread(target=work) for _ in range(CALLERS)]
    began, spent = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, spent = time.perf_counter() - began, time.process_time() - spent
    client.close()
    return sum(done) / took, spent / sum(done) * 1e6


async def in_tasks(work: Callable[[], Awaitable[object]], seconds: float) -> tuple[float, float]:
    """Return how often a second tasks do something, and the microseconds of CPU that each time takes."""
    done = 0
    until = time.perf_counter() + seconds

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await work()
            done += 1

    began, spent = time.perf_counter(), time.process_time()
    async with trio.open_nursery() as nursery:
        for _ in range(CALLERS):
            nursery.start_soon(caller)
    return done / (time.perf_counter() - began), (time.process_time() - spent) / done * 1e6


async def gets(address: Address, seconds: float) -> tuple[float, float]:
    """Return what `in_tasks` does for GETs by the multiplexer."""
    multiplexer = Multiplexer("bench", address, timeout=PATIENCE, random=Random(1))
    commands = Commands(multiplexer)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(multiplexer.run)
        if await commands.get("key") != VALUE:
            raise OSError("the server has lost the key")
        found = await in_tasks(lambda: commands.get("key"), seconds)
        nursery.cancel_scope.cancel()
    return found


async def hits(address: Address, seconds: float) -> tuple[float, float]:
    """Return what `in_tasks` does for hits in three windows."""
    store = RedisStore("bench", address, timeout=PATIENCE, prefix="bench:")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.run)
        found = await in_tasks(lambda: store.hit(WINDOWS), seconds)
        nursery.cancel_scope.cancel()
    return found


def measured(seconds: float) -> list[Row]:
    """Return what is to be known: of each the median of several rounds, which alternate."""
    rows: list[Row] = []
    counted: list[tuple[float, float]] = []
    with server() as addresses, on_the_first_core():
        for way, address in addresses.items():
            tasks, threads = [], []
            for _ in range(ROUNDS):
                tasks.append(trio.run(gets, address, seconds))
                threads.append(in_threads(address, seconds))
                counted.append(trio.run(hits, address, seconds))
            rows += _beside(way, tasks, threads)
    rate, cost = (statistics.median(one[place] for one in counted) for place in (0, 1))
    rows.append(Row(f"hits in three windows, {CALLERS} tasks", f"{number(rate)} a second"))
    rows.append(at_most("our CPU for one of them", cost, MOST_HIT, "us"))
    return rows


def _beside(way: str, tasks: list[tuple[float, float]], threads: list[tuple[float, float]]) -> list[Row]:
    many, cost = (statistics.median(one[place] for one in tasks) for place in (0, 1))
    beside, theirs = (statistics.median(one[place] for one in threads) for place in (0, 1))
    each = f"; {number(cost)} us of CPU each"
    told = f"{number(beside)} a second; {number(theirs)} us of CPU each"
    return [
        at_least(f"GET over {way}, {CALLERS} tasks on one connection", many, GETS, "a second", each),
        Row(f"GET over {way}, redis-py in {CALLERS} threads", told),
        at_least(f"times as many over {way}", many / beside, TIMES, "times"),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; return 1 where there is no server, or no place for the figures."""
    parser = argparse.ArgumentParser(prog="python -m sluicegate.perf.bench.redis")
    parser.add_argument("--report", type=Path, default=REPORT, help="the file that has a section `redis`")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each round")
    options = parser.parse_args(arguments)
    if shutil.which(SERVER) is None:
        print(f"nothing is measured: there is no {SERVER} here", file=sys.stderr)
        return 1
    about, work = machine.facts(), machine.OtherWork()
    try:
        found = measured(options.seconds)
        about.append(("other work on the machine meanwhile", work.told()))
        print(*found, sep="\n")
        write(options.report, "redis", f"{table(('', ''), about)}\n\n{row_table(found)}")
    except (OSError, NoSection) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

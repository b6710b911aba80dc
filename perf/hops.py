"""Print what a hop costs beside a bare checkpoint, and fail where it costs too much.

64 exchanges are in flight at once, through pipelines that differ only in how many stages of one kind they have; the
difference is what the added hops cost. The yardstick is 64 tasks that only checkpoint. All of it alternates inside one
run, so that a noisy machine shifts all sides, and counts the process's own time, not that of its neighbours. Of each
side the best of five stands, and only then is the difference taken: the least of several differences would be the one
where noise fell on the side that is taken away. Where that makes no sense, or is over a limit, five more are measured,
twice at most: noise only ever adds to a side, so that the best of all is nearer the truth, for good or ill.

Run: ``python -m sluicegate.perf.hops``
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import trio

from sluicegate.pipeline.config.sections import ServerSettings
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.reply import Reply
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Lane, Verdict
from sluicegate.pipeline.topology import Placed, compile_topology

TASKS = 64
ROUNDS = 40
REPEATS = 5
TRIES = 3
"""Measurements of five in all, if what is measured makes no sense or is over a limit."""
ADDED_HOPS = 6
JUDGING_LIMIT = 4.0
WAITING_LIMIT = 8.0


class Pass:
    """Judges, and lets pass."""

    def judge(self, exchange: Exchange) -> Verdict:
        """Let the exchange pass."""
        return Verdict.PASS


class Pause:
    """Waits, for one checkpoint, as the shortest wait there is."""

    async def attend(self, exchange: Exchange) -> Verdict:
        """Let others run once."""
        await trio.lowlevel.checkpoint()
        return Verdict.PASS


class Answer:
    """Ends the way up."""

    _reply = Reply(body=b"{}")

    def judge(self, exchange: Exchange) -> Verdict:
        """Answer with a fixed reply."""
        exchange.reply = self._reply
        return Verdict.REPLY


async def checkpoints() -> float:
    """Return the seconds that one checkpoint takes with 64 tasks doing nothing else."""
    each = ROUNDS * 10

    async def spin() -> None:
        for _ in range(each):
            await trio.lowlevel.checkpoint()

    began = time.process_time()
    async with trio.open_nursery() as nursery:
        for _ in range(TASKS):
            nursery.start_soon(spin)
    return (time.process_time() - began) / (TASKS * each)


async def requests(stages: Sequence[Any]) -> float:
    """Return the seconds that one exchange takes through these stages with 64 in flight."""
    placed = [Placed(f"{n}", Lane.REQUEST, stage) for n, stage in enumerate([*stages, Answer()])]
    gateway = Gateway(compile_topology(placed, max_in_flight=TASKS), ServerSettings(max_in_flight=TASKS), Resources())

    async def client() -> None:
        for _ in range(ROUNDS):
            await gateway.ask(Request("chat"))

    async with trio.open_nursery() as workers:
        await workers.start(gateway.run)
        began = time.process_time()
        async with trio.open_nursery() as clients:
            for _ in range(TASKS):
                clients.start_soon(client)
        took = time.process_time() - began
        workers.cancel_scope.cancel()
    return took / (TASKS * ROUNDS)


@dataclass(frozen=True)
class Sides:
    """The best time of each side.

    Attributes:
        checkpoint: Seconds that one checkpoint takes.
        bare: Seconds that one exchange takes through the pipeline without added hops.
        judging: The same, with the added hops judging.
        waiting: The same, with the added hops waiting.
    """

    checkpoint: float
    bare: float
    judging: float
    waiting: float

    def hops(self) -> tuple[float, float]:
        """Return the seconds that one judging hop and one waiting hop add."""
        return (self.judging - self.bare) / ADDED_HOPS, (self.waiting - self.bare) / ADDED_HOPS

    def ratios(self) -> tuple[float, float]:
        """Return the same in checkpoints."""
        judging, waiting = self.hops()
        return judging / self.checkpoint, waiting / self.checkpoint

    def good(self) -> bool:
        """Say whether both hops are within their limits, and cost something at all."""
        judging, waiting = self.ratios()
        return 0 < judging <= JUDGING_LIMIT and 0 < waiting <= WAITING_LIMIT

    def best(self, other: Sides) -> Sides:
        """Return the better time of each side."""
        return Sides(*map(min, astuple(self), astuple(other)))


async def measure() -> Sides:
    """Return the best of five of each side."""
    rounds = []
    for _ in range(REPEATS):
        gc.collect()
        rounds.append(
            (
                await checkpoints(),
                await requests([]),
                await requests([Pass() for _ in range(ADDED_HOPS)]),
                await requests([Pause() for _ in range(ADDED_HOPS)]),
            )
        )
    return Sides(*(min(side) for side in zip(*rounds, strict=True)))


def judge(measured: Callable[[], Sides]) -> int:
    """Print the table; return 1 if a hop is over its limit or seems to cost nothing, however often it is measured."""
    sides = measured()
    for _ in range(TRIES - 1):
        if sides.good():
            break
        sides = sides.best(measured())
    print(f"checkpoint    {sides.checkpoint * 1e6:6.2f} us")
    limits = (JUDGING_LIMIT, WAITING_LIMIT)
    for name, cost, ratio, limit in zip(
        ("judging hop", "waiting hop"), sides.hops(), sides.ratios(), limits, strict=True
    ):
        print(f"{name}   {cost * 1e6:6.2f} us  {ratio:5.2f} checkpoints, limit {limit:g}")
    return 0 if sides.good() else 1


def main() -> int:
    """Measure and judge; return the exit code."""
    return judge(lambda: trio.run(measure))


if __name__ == "__main__":
    sys.exit(main())

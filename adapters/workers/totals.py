"""The figures of all workers, those that have ended too, for whichever worker is asked for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import NoReturn

import trio

from sluicegate.adapters.telemetry.merge import NOTHING, after_its_end, merge
from sluicegate.adapters.telemetry.packing import Packed, pack, unpack

from .employee import Employee

FRESH = 0.5
"""Seconds that workers have to tell their figures; of one that takes longer, the last ones count."""


class Totals:
    """Adds up what the workers tell.

    Args:
        employed: The workers that run; others may come and go meanwhile.
        max_series: The most series of the sum.
    """

    def __init__(self, employed: Collection[Employee], max_series: int) -> None:
        self.max_series = max_series
        self._employed = employed
        self._started = trio.current_time()
        self._ended = pack(NOTHING)
        self._looks = 0
        self._asking: dict[Employee, int] = {}
        self._asked = trio.Event()

    def bury(self, worker: Employee, *, died: bool) -> None:
        """Keep the totals of a worker that runs no more. Not a checkpoint."""
        ended = unpack(self._ended)
        if (last := worker.figures.packed()) is not None:
            ended = merge([ended, after_its_end(unpack(last))], max_series=self.max_series)
        self._ended = pack(replace(ended, deaths=ended.deaths + died))

    def ask(self, worker: Employee, number: int) -> None:
        """Have a worker told the figures of all, as the answer to its question of this number. Never waits."""
        self._asking[worker] = number
        self._asked.set()

    async def answer(self) -> NoReturn:
        """Answer those who ask, for ever: all that have asked by then with one answer. A checkpoint."""
        while True:
            await self._asked.wait()
            self._asked = trio.Event()
            asking, self._asking = self._asking, {}
            packed = await self._collect()
            for worker, number in asking.items():
                worker.tell(number, packed)

    async def _collect(self) -> Packed:
        self._looks += 1
        asked = list(self._employed)
        for worker in asked:
            worker.look(self._looks)
        with trio.move_on_after(FRESH):
            for worker in asked:
                await worker.answered(self._looks)
        running = [worker.figures.packed() for worker in self._employed]
        parts = [self._ended, *(packed for packed in running if packed is not None)]
        uptime = trio.current_time() - self._started
        return await trio.to_thread.run_sync(_sum, parts, self.max_series, uptime)


def _sum(parts: list[Packed], max_series: int, uptime: float) -> Packed:
    total = merge([unpack(part) for part in parts], max_series=max_series)
    return pack(replace(total, uptime=uptime))

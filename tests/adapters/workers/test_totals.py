"""The figures of all workers: who is asked, who is waited for, and what those that have ended leave behind."""

from dataclasses import replace

import pytest
import trio
import trio.testing

from sluicegate.adapters.telemetry.merge import NOTHING
from sluicegate.adapters.telemetry.packing import Remembered, pack, unpack
from sluicegate.adapters.workers.totals import FRESH, Totals


class Worker:
    """One that counts requests, and answers at once or never."""

    def __init__(self, pid, settled, *, answers=True):
        self.figures = Remembered()
        self.told = []
        self.news = trio.Event()
        self._pid = pid
        self._settled = settled
        self._answers = answers
        self.report()

    def report(self):
        self.figures.take(pack(replace(NOTHING, settled=self._settled, in_flight=1, workers=(self._pid,))))

    def count(self):
        self._settled += 1

    def look(self, number):
        if self._answers:
            self.report()

    async def answered(self, number):
        if not self._answers:
            await trio.sleep_forever()

    def tell(self, number, packed):
        self.told.append((number, unpack(packed)))
        self.news.set()


@pytest.fixture
async def workers():
    return {Worker(1, 10), Worker(2, 20)}


async def until_told(worker):
    # Without a time limit: virtual time would jump there while a thread adds up.
    await worker.news.wait()
    worker.news = trio.Event()


async def asked(totals, asking):
    """Return what a worker is told."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(totals.answer)
        totals.ask(asking, 7)
        await until_told(asking)
        nursery.cancel_scope.cancel()
    number, snapshot = asking.told.pop()
    assert number == 7
    return snapshot


async def test_an_answer_has_what_was_counted_until_it_was_asked_for(autojump_clock, workers):
    totals = Totals(workers, 100)
    one = next(iter(workers))
    for worker in workers:
        worker.count()
    snapshot = await asked(totals, one)
    assert (snapshot.settled, snapshot.in_flight, sorted(snapshot.workers)) == (32, 2, [1, 2])


async def test_of_a_worker_that_does_not_answer_the_last_figures_count(autojump_clock, workers):
    slow = Worker(3, 100, answers=False)
    slow.count()
    workers.add(slow)
    totals = Totals(workers, 100)
    began = trio.current_time()
    snapshot = await asked(totals, slow)
    assert snapshot.settled == 130
    assert trio.current_time() - began == snapshot.uptime == FRESH


async def test_what_a_worker_has_counted_outlives_it(autojump_clock, workers):
    totals = Totals(workers, 100)
    for died in (True, False):
        ended = workers.pop()
        totals.bury(ended, died=died)
    snapshot = await asked(totals, ended)
    assert (snapshot.settled, snapshot.in_flight, snapshot.workers, snapshot.deaths) == (30, 0, (), 1)


async def test_one_that_ended_before_its_first_report_is_counted_as_a_death(autojump_clock, workers):
    totals = Totals(workers, 100)
    silent = Worker(4, 0)
    silent.figures = Remembered()
    totals.bury(silent, died=True)
    assert (await asked(totals, silent)).deaths == 1


async def test_all_that_have_asked_get_one_answer(autojump_clock, workers):
    totals = Totals(workers, 100)
    for worker in workers:
        totals.ask(worker, 1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(totals.answer)
        for worker in workers:
            await until_told(worker)
        nursery.cancel_scope.cancel()
    first, second = (worker.told for worker in workers)
    assert first[0][1] == second[0][1]

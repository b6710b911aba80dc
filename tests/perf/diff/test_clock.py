"""Clocks that skip: time passes in no time, work of threads is waited for."""

import time

import pytest
import trio

from sluicegate.perf.diff.clock import SkippingClock, WorkingClock


@pytest.mark.parametrize("kind", [SkippingClock, WorkingClock])
def test_a_day_passes_at_once(kind):
    async def sleep():
        began = trio.current_time()
        await trio.sleep(86_400)
        return trio.current_time() - began

    began = time.perf_counter()
    assert trio.run(sleep, clock=kind()) == pytest.approx(86_400, abs=1.0)
    assert time.perf_counter() - began < 5


def test_time_stands_still_while_there_is_work():
    async def work():
        times = set()
        for _ in range(1000):
            await trio.lowlevel.checkpoint()
            times.add(trio.current_time())
        await trio.sleep(0.25)
        return times, trio.current_time()

    assert trio.run(work, clock=SkippingClock()) == ({0.0}, 0.25)


def test_work_takes_its_time_where_that_is_wanted():
    async def work():
        time.sleep(0.02)  # noqa: ASYNC251  # it stands for work, and nobody else is here to be held up
        return trio.current_time()

    assert 0.02 <= trio.run(work, clock=WorkingClock()) < 5


@pytest.mark.parametrize("kind", [SkippingClock, WorkingClock])
def test_a_thread_at_work_is_waited_for(kind):
    async def work():
        with trio.move_on_after(60):
            await trio.to_thread.run_sync(time.sleep, 0.2)
            return "done"
        return "cut"

    assert trio.run(work, clock=kind()) == "done"


def test_deadlines_come_in_their_order():
    async def work():
        seen = []

        async def note(seconds):
            await trio.sleep(seconds)
            seen.append((seconds, trio.current_time()))

        async with trio.open_nursery() as nursery:
            for seconds in (3.0, 1.0, 2.0):
                nursery.start_soon(note, seconds)
        return seen

    assert trio.run(work, clock=SkippingClock()) == [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]

"""A few coroutines do what many leave to them, in order, and nothing stays undone."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from sluicegate.stages.parts.settlers import LATE, MOST, Settlers, Work


class Log:
    def __init__(self) -> None:
        self.done: list[int] = []
        self.at_once = 0
        self.most = 0

    def work(self, number: int, seconds: float = 0.1) -> Work:
        async def do() -> None:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            await trio.sleep(seconds)
            self.at_once -= 1
            self.done.append(number)

        return do


async def test_what_comes_in_one_turn_is_done_by_one_who_is_asked(autojump_clock: MockClock) -> None:
    settlers, log = Settlers(), Log()
    handed = [settlers.leave(log.work(number)) for number in range(20)]
    first, *others = handed
    assert others == [None] * 19
    assert first is not None
    await first
    assert log.done == list(range(20))


async def test_as_many_as_may_be_are_at_work_and_all_is_done(autojump_clock: MockClock) -> None:
    settlers, log = Settlers(), Log()
    async with trio.open_nursery() as nursery:
        for number in range(300):
            doing = settlers.leave(log.work(number))
            if doing is not None:
                nursery.start_soon(_await, doing)
            await trio.sleep(0.01)
    assert sorted(log.done) == list(range(300))
    assert log.most == MOST


async def test_nobody_is_at_work_for_much_longer_than_a_shift_while_there_are_others(
    autojump_clock: MockClock,
) -> None:
    settlers, log = Settlers(), Log()
    took: list[float] = []

    async def see(doing: object) -> None:
        began = trio.current_time()
        await doing  # type: ignore[misc]  # what `leave` hands out
        took.append(trio.current_time() - began)

    async with trio.open_nursery() as nursery:
        for number in range(2000):
            doing = settlers.leave(log.work(number, 0.05))
            if doing is not None:
                nursery.start_soon(see, doing)
            await trio.sleep(0.01)
    assert len(log.done) == 2000
    assert max(took) < 2.0


async def test_one_that_was_handed_out_and_never_began_is_replaced(autojump_clock: MockClock) -> None:
    settlers, log = Settlers(), Log()
    lost = settlers.leave(log.work(1))
    assert lost is not None
    lost.close()
    assert settlers.leave(log.work(2)) is None
    await trio.sleep(LATE)
    doing = settlers.leave(log.work(3))
    assert doing is not None
    await doing
    assert log.done == [1, 2, 3]


async def test_who_is_cut_leaves_the_rest_to_the_next_and_says_so(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    settlers, log = Settlers(), Log()
    first = settlers.leave(log.work(1, 60.0))
    settlers.leave(log.work(2))
    assert first is not None
    with trio.move_on_after(1.0):
        await first
    assert log.done == []
    assert caplog.messages == ["limit: 1 requests are settled only behind the next one, if one comes"]
    doing = settlers.leave(log.work(3))
    assert doing is not None
    await doing
    assert log.done == [2, 3]
    await wait_all_tasks_blocked()


async def _await(doing: object) -> None:
    await doing  # type: ignore[misc]  # what `leave` hands out

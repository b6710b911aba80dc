"""Reads that take too long, without sockets: when each of them is ended, and what is kept of the others."""

from math import inf

import trio

from sluicegate.adapters.upstream.alarms import SPARE, Alarms


class Reading:
    """Notes when it was ended."""

    def __init__(self) -> None:
        self.due = self.listed = inf
        self.expired: list[float] = []

    def expire(self) -> None:
        self.expired.append(trio.current_time())


async def test_each_read_is_ended_at_its_own_time(autojump_clock):
    alarms, readers = Alarms(), {due: Reading() for due in (3.0, 1.0, 2.0, 1.0001)}
    for due, reader in readers.items():
        alarms.set(reader, due)
    await trio.sleep(10)
    assert {due: reader.expired for due, reader in readers.items()} == {due: [due] for due in readers}


async def test_a_read_that_is_due_already_is_ended_at_once(autojump_clock):
    alarms, reader = Alarms(), Reading()
    alarms.set(reader, -1.0)
    await trio.testing.wait_all_tasks_blocked()
    assert reader.expired == [0.0]


async def test_a_read_that_begins_later_has_its_own_time_and_no_second_place(autojump_clock):
    alarms, reader = Alarms(), Reading()
    for _ in range(5):
        alarms.set(reader, trio.current_time() + 1.0)
        await trio.sleep(0.75)
        assert len(alarms) == 1
    assert reader.expired == []
    await trio.sleep(10)
    assert reader.expired == [4.0]
    assert len(alarms) == 0


async def test_a_read_that_is_due_before_the_one_before_it_is_ended_then(autojump_clock):
    alarms, reader = Alarms(), Reading()
    alarms.set(reader, 30.0)
    await trio.sleep(1)
    alarms.set(reader, 5.0)
    await trio.sleep(40)
    assert reader.expired == [5.0]
    assert len(alarms) == 0


async def test_who_does_not_read_is_left_alone(autojump_clock):
    alarms, reader = Alarms(), Reading()
    alarms.set(reader, 1.0)
    reader.due = inf
    await trio.sleep(2)
    assert (reader.expired, len(alarms)) == ([], 0)
    alarms.set(reader, 3.0)
    await trio.sleep(2)
    assert reader.expired == [3.0]


async def test_those_who_read_no_more_take_few_places(autojump_clock):
    alarms, kept = Alarms(), [Reading() for _ in range(10)]
    for due, reader in enumerate(kept, 1):
        alarms.set(reader, due * 100.0)
    for _ in range(1000):
        gone = Reading()
        alarms.set(gone, 50.0)
        alarms.forget(gone)
        alarms.forget(gone)
        assert len(alarms) <= 2 * (len(kept) + SPARE)
    await trio.sleep(2000)
    assert [reader.expired for reader in kept] == [[due * 100.0] for due in range(1, 11)]
    assert gone.expired == []

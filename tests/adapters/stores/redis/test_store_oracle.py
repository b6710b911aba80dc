"""The scripts count as the memory store does: both are asked the same, in any order, at any time."""

from math import inf
from random import Random

import pytest
import trio

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.store import Admission, Slot, Window
from tests.adapters.stores.redis.test_store import CLOCK, Bench, opened

pytestmark = pytest.mark.redis
WINDOWS = [
    Window(key, count, seconds, seeded)
    for key in ("one", "two")
    for count, seconds, seeded in (
        (4, 8.0, False),
        (9, 30.0, False),
        (7, 8.0, False),
        (50, inf, True),
        (30, inf, False),
    )
    if not (key == "one" and seeded)
]
SLOTS = [Slot("one", 1), Slot("two", 3)]
STEPS = 300


def close(one: Admission, other: Admission) -> bool:
    """Say whether two admissions are the same but for the rounding of times."""

    def plain(admission):
        standings = [*admission.standings, *([admission.refused_by] if admission.refused_by else [])]
        return [(s.window, s.remaining, round(s.reset, 3), round(s.retry_after, 3)) for s in standings]

    return plain(one) == plain(other) and one.missing == other.missing and round(one.at - other.at, 3) == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_both_say_the_same_of_every_hit(shared_redis, seed):
    print("seed", seed)
    chance = Random(seed)
    async with trio.open_nursery() as nursery:
        bench = Bench(opened(shared_redis, clock=CLOCK))
        nursery.start_soon(bench.store.run)
        await bench.set_clock()
        judge = MemoryStore(lambda: bench._time)
        stores = (bench.store, judge)
        done = []
        refusals = 0
        for _ in range(STEPS):
            step = chance.random()
            if step < 0.5:
                windows = chance.sample(WINDOWS, chance.randint(1, 4))
                amounts = [chance.randint(0, 5) for _ in windows]
                ours, theirs = [await store.hit(windows, amounts) for store in stores]
                assert close(ours, theirs), (windows, amounts, ours, theirs)
                refusals += ours.refused_by is not None
                done.append((windows, ours, theirs))
            elif step < 0.65 and done:
                windows, ours, theirs = chance.choice(done)
                changes = [chance.randint(-6, 6) for _ in windows]
                await bench.store.adjust(windows, ours, changes)
                await judge.adjust(windows, theirs, changes)
            elif step < 0.7:
                window, amount = chance.choice([one for one in WINDOWS if one.seeded]), chance.randint(0, 20)
                for store in stores:
                    await store.seed(window, amount)
            elif step < 0.8:
                slots, owner = chance.sample(SLOTS, chance.randint(1, 2)), chance.choice("abcd")
                ttl = chance.choice([1.0, 10.0])
                full, judged = [await store.hold(slots, owner, ttl) for store in stores]
                assert full == judged
            elif step < 0.85:
                for store in stores:
                    await store.release(SLOTS, "a")
            else:
                await bench.pass_time(chance.choice([0.25, 1.5, 4.0, 8.0, 17.0]))
        assert 10 < refusals < STEPS / 2
        nursery.cancel_scope.cancel()

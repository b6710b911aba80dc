"""The pool under callers that are cancelled at random instants: no connection and no place is ever lost."""

import random
from math import inf

import pytest
import trio

from tests.adapters.upstream.lines import A, B, C, Lines, pool_of


@pytest.mark.parametrize("seed", range(12))
async def test_a_storm_of_cancellations_loses_no_connection_and_no_waiter(seed, autojump_clock):
    print(f"seed {seed}")
    rng = random.Random(seed)
    lines = Lines()
    lines.pause = lambda: rng.choice([0.0, 0.01, 0.1])
    limit, per_route = rng.randint(1, 6), rng.randint(1, 4)
    idle_time = rng.choice([0.05, 100.0])
    pool = pool_of(
        lines, limit=limit, limit_per_route=per_route, keep_idle=3, keep_idle_per_route=2, idle_time=idle_time
    )

    async def caller() -> None:
        await trio.sleep(rng.random() * 3)
        route = rng.choice([A, B, C])
        with trio.move_on_after(rng.choice([0.0, 0.01, 0.1, 0.3, inf])):
            connection = await pool.acquire(route)
            back = pool.discard
            try:
                assert connection.route == route
                assert not connection.channel.closed
                assert pool.open <= limit
                await trio.sleep(rng.choice([0.0, 0.02, 0.2]))
                back = rng.choice([pool.release, pool.release, pool.discard])
            finally:
                back(connection)

    async with trio.open_nursery() as nursery:
        for _ in range(200):
            nursery.start_soon(caller)
    assert pool.waiting == 0
    assert pool.open == pool.idle == lines.unclosed <= 3

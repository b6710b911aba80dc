"""The pool, without sockets: who gets which connection."""

import httpx
import pytest
import trio

from sluicegate.adapters.upstream.routes import Route
from tests.adapters.upstream.lines import A, B, C, Lines, pool_of


async def test_the_connection_that_came_back_last_is_used_first():
    lines = Lines()
    pool = pool_of(lines)
    first, second = await pool.acquire(A), await pool.acquire(A)
    pool.release(first)
    pool.release(second)
    assert await pool.acquire(A) is second
    assert second.reused
    assert await pool.acquire(A) is first
    assert len(lines.channels) == 2


async def test_connections_of_one_route_are_not_used_for_another():
    lines = Lines()
    pool = pool_of(lines)
    pool.release(await pool.acquire(A))
    await pool.acquire(B)
    assert (pool.open, pool.idle) == (2, 1)


@pytest.mark.parametrize("waiting", [b"", b"408"])
async def test_idle_connection_that_was_closed_or_spoken_on_is_not_used(waiting):
    lines = Lines()
    pool = pool_of(lines)
    for _ in range(2):
        pool.release(await pool.acquire(A))
    lines.channels[0].waiting = waiting
    connection = await pool.acquire(A)
    assert not connection.reused
    assert lines.channels[0].closed
    assert pool.open == 1


async def test_spoiled_connection_is_closed():
    lines = Lines()
    pool = pool_of(lines)
    connection = await pool.acquire(A)
    connection.spoiled = True
    pool.release(connection)
    assert (pool.open, lines.unclosed) == (0, 0)


async def test_who_waits_longest_is_served_first(autojump_clock):
    pool = pool_of(Lines(), limit_per_route=1)
    held = await pool.acquire(A)
    served: list[int] = []

    async def caller(number: int) -> None:
        connection = await pool.acquire(A)
        served.append(number)
        await trio.sleep(1)
        (pool.release if number % 2 else pool.discard)(connection)

    async with trio.open_nursery() as nursery:
        for number in range(6):
            nursery.start_soon(caller, number)
            await trio.testing.wait_all_tasks_blocked()
        assert (pool.open, pool.waiting, served) == (1, 6, [])
        pool.release(held)
    assert served == list(range(6))
    assert (pool.open, pool.idle, pool.waiting) == (1, 1, 0)


async def test_released_connection_goes_to_the_waiter_and_a_discarded_one_makes_room(autojump_clock):
    lines = Lines()
    pool = pool_of(lines, limit_per_route=1)
    connection = await pool.acquire(A)
    async with trio.open_nursery() as nursery:
        got = []

        async def caller() -> None:
            got.append(await pool.acquire(A))

        nursery.start_soon(caller)
        await trio.testing.wait_all_tasks_blocked()
        pool.release(connection)
        await trio.testing.wait_all_tasks_blocked()
        assert got == [connection]
        nursery.start_soon(caller)
        await trio.testing.wait_all_tasks_blocked()
        pool.discard(connection)
    assert got[1] is not connection
    assert len(lines.channels) == 2


async def test_total_limit_takes_idle_connections_of_others_the_oldest_first(autojump_clock):
    lines = Lines()
    pool = pool_of(lines, limit=2)
    first, second = await pool.acquire(A), await pool.acquire(B)
    pool.release(first)
    await trio.sleep(1)
    pool.release(second)
    await pool.acquire(C)
    assert [channel.closed for channel in lines.channels] == [True, False, False]


async def test_at_the_total_limit_the_longest_wait_wins_whatever_its_route(autojump_clock):
    pool = pool_of(Lines(), limit=1)
    connection = await pool.acquire(A)
    served: list[Route] = []

    async def caller(route: Route) -> None:
        mine = await pool.acquire(route)
        served.append(route)
        pool.release(mine)

    async with trio.open_nursery() as nursery:
        for route in (B, A, C, A):
            nursery.start_soon(caller, route)
            await trio.testing.wait_all_tasks_blocked()
        pool.release(connection)
    assert served == [B, A, C, A]
    assert (pool.open, pool.waiting) == (1, 0)


async def test_a_full_route_does_not_hold_up_others(autojump_clock):
    pool = pool_of(Lines(), limit=2, limit_per_route=1)
    first, second = await pool.acquire(A), await pool.acquire(B)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pool.acquire, A)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(pool.acquire, C)
        await trio.testing.wait_all_tasks_blocked()
        pool.release(second)  # the task that waits longer cannot use it: its route is full
        await trio.testing.wait_all_tasks_blocked()
        assert (pool.open, pool.waiting) == (2, 1)
        pool.release(first)


async def test_a_place_that_is_long_in_coming_is_a_pool_timeout(autojump_clock):
    pool = pool_of(Lines(), limit=1)
    await pool.acquire(A)
    began = trio.current_time()
    with pytest.raises(httpx.PoolTimeout, match="within 3 s"):
        await pool.acquire(A, wait=3)
    assert trio.current_time() - began == 3
    assert pool.waiting == 0


async def test_failure_to_dial_leaves_the_place_to_the_next(autojump_clock):
    lines = Lines()
    lines.broken = True
    lines.pause = lambda: 1.0
    pool = pool_of(lines, limit=1)
    for _ in range(2):
        with pytest.raises(httpx.ConnectError):
            await pool.acquire(A)
        assert pool.open == 0
    async with trio.open_nursery() as nursery:
        failed: list[float] = []

        async def caller() -> None:
            with pytest.raises(httpx.ConnectError):
                await pool.acquire(A)
            failed.append(trio.current_time())

        began = trio.current_time()
        for _ in range(3):
            nursery.start_soon(caller)
    assert [at - began for at in failed] == [1, 2, 3]


async def test_idle_connections_are_bounded_per_route_and_in_total(autojump_clock):
    lines = Lines()
    pool = pool_of(lines, keep_idle=3, keep_idle_per_route=2)
    held = [await pool.acquire(route) for route in (A, A, A, B, B)]
    for connection in held:
        pool.release(connection)
        await trio.sleep(0.1)
    assert (pool.open, pool.idle, lines.unclosed) == (3, 3, 3)
    assert [channel.closed for channel in lines.channels] == [True, True, False, False, False]


async def test_no_idle_connection_is_kept_where_none_may_be():
    lines = Lines()
    pool = pool_of(lines, keep_idle=0)
    pool.release(await pool.acquire(A))
    assert (pool.open, lines.unclosed) == (0, 0)


async def test_connections_are_closed_when_they_have_been_idle_for_too_long_though_nobody_asks(autojump_clock):
    lines = Lines()
    pool = pool_of(lines, idle_time=30)
    first, second = await pool.acquire(A), await pool.acquire(B)
    pool.release(first)
    await trio.sleep(20)
    pool.release(second)
    await trio.sleep(9)
    assert pool.idle == 2
    await trio.sleep(2)
    assert [channel.closed for channel in lines.channels] == [True, False]
    await trio.sleep(20)
    assert (pool.open, lines.unclosed) == (0, 0)
    pool.release(await pool.acquire(A))  # and again
    await trio.sleep(31)
    assert pool.open == 0


async def test_closing_tells_those_who_wait_and_closes_what_comes_back(autojump_clock):
    lines = Lines()
    pool = pool_of(lines, limit=1)
    connection = await pool.acquire(A)

    async def caller() -> None:
        with pytest.raises(httpx.ConnectError, match="closed"):
            await pool.acquire(A)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(caller)
        await trio.testing.wait_all_tasks_blocked()
        pool.close()
    pool.release(connection)
    with pytest.raises(httpx.ConnectError, match="closed"):
        await pool.acquire(A)
    assert (pool.open, pool.idle, pool.waiting, lines.unclosed) == (0, 0, 0, 0)


async def test_channel_that_is_there_only_after_the_closing_is_closed(autojump_clock):
    lines = Lines()
    lines.pause = lambda: 1.0
    pool = pool_of(lines)
    async with trio.open_nursery() as nursery:

        async def caller() -> None:
            with pytest.raises(httpx.ConnectError, match="closed"):
                await pool.acquire(A)

        nursery.start_soon(caller)
        await trio.testing.wait_all_tasks_blocked()
        pool.close()
    assert lines.unclosed == 0

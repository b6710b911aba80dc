import threading

import pytest
import trio

from sluicegate.adapters.database.database import (
    DatabaseConflict,
    DatabaseFailed,
    DatabaseUnavailable,
    open_database,
)

TABLE = ["CREATE TABLE things (name TEXT PRIMARY KEY, count BIGINT NOT NULL)"]
INSERT = "INSERT INTO things VALUES (?, ?)"


@pytest.fixture
async def database(url):
    opened = open_database(url)
    await opened.migrate("things", TABLE)
    yield opened
    with trio.CancelScope(shield=True):
        await opened.aclose()


def things(connection):
    return connection.execute("SELECT name, count FROM things ORDER BY name").rows


def adding(name, count=1):
    return lambda connection: connection.execute(INSERT, (name, count))


async def test_what_is_written_is_read(database):
    result = await database.run(adding("a", 2**62))
    assert (result.rows, result.changed) == ([], 1)
    assert await database.read(things) == [("a", 2**62)]


async def test_work_that_raises_has_never_been(database):
    def work(connection):
        connection.execute(INSERT, ("a", 1))
        raise KeyError("for a reason of its own")

    with pytest.raises(KeyError):
        await database.run(work)
    assert await database.read(things) == []


async def test_many_rows_are_written_at_once_and_repeated_ones_are_not(database):
    again = INSERT + " ON CONFLICT (name) DO NOTHING"

    def work(connection):
        return connection.execute_many(again, [("a", 1), ("b", 2), ("a", 3)])

    assert await database.run(work) == 2
    assert await database.read(things) == [("a", 1), ("b", 2)]


async def test_a_row_that_is_there_already_is_a_conflict_that_tells_no_value(database):
    await database.run(adding("a value to hide"))
    with pytest.raises(DatabaseConflict) as caught:
        await database.run(adding("a value to hide"))
    told, error = "", caught.value
    while error is not None:
        told, error = told + str(error), error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert "things" in told
    assert "a value to hide" not in told
    assert await database.read(things) == [("a value to hide", 1)]


@pytest.mark.parametrize("sql", ["SELECT * FROM nothing", "SELEC 1", "INSERT INTO things VALUES ('x', 1, 2)"])
async def test_work_that_is_wrong_fails_and_harms_no_later_work(database, sql):
    with pytest.raises(DatabaseFailed):
        await database.run(lambda connection: connection.execute(sql))
    await database.run(adding("a"))
    assert await database.read(things) == [("a", 1)]


@pytest.mark.parametrize("value", [2**63, "\udc80"])
async def test_a_value_that_no_column_can_hold_fails(database, value):
    name, count = (value, 1) if isinstance(value, str) else ("a", value)
    with pytest.raises(DatabaseFailed):
        await database.run(adding(name, count))


async def test_question_and_percent_marks_in_quotes_are_no_places_for_values(database):
    await database.run(lambda connection: connection.execute("INSERT INTO things VALUES ('what? 5% %s', ?)", (1,)))
    found = await database.read(
        lambda connection: (
            connection.execute("SELECT name FROM things WHERE name LIKE 'what%' AND count = ?", (1,)).rows
        )
    )
    assert found == [("what? 5% %s",)]


async def test_hostile_values_are_only_values(database):
    hostile = "'; DROP TABLE things; --"
    await database.run(adding(hostile))
    assert await database.read(things) == [(hostile, 1)]


async def test_works_are_done_in_order_and_one_at_a_time(database):
    seen, inside = [], []

    def work(number):
        def do(connection):
            inside.append(number)
            assert inside == [number]
            connection.execute(INSERT, (f"{number:03}", number))
            seen.append(number)
            inside.clear()

        return do

    async with trio.open_nursery() as nursery:
        for number in range(50):
            nursery.start_soon(database.run, work(number))
            await trio.testing.wait_all_tasks_blocked()
    assert seen == list(range(50))


async def test_a_caller_that_gives_up_leaves_its_work_whole_and_in_order(database):
    begun, go = threading.Event(), threading.Event()

    def slow(connection):
        begun.set()
        go.wait(10)
        connection.execute(INSERT, ("slow", 1))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(database.run, slow)
        await trio.to_thread.run_sync(begun.wait)
        nursery.cancel_scope.cancel()
    go.set()
    assert await database.read(things) == [("slow", 1)]


async def test_a_caller_that_gives_up_before_its_turn_has_done_nothing(database):
    begun, go = threading.Event(), threading.Event()

    def slow(connection):
        begun.set()
        go.wait(10)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(database.run, slow)
        await trio.to_thread.run_sync(begun.wait)
        with trio.move_on_after(0):
            await database.run(adding("a"))
        go.set()
    assert await database.read(things) == []


async def test_a_migration_runs_once_whoever_else_starts_at_once(url):
    statements = [*TABLE, "INSERT INTO things VALUES ('first', 0)"]
    several = [open_database(url) for _ in range(6)]
    async with trio.open_nursery() as nursery:
        for one in several:
            nursery.start_soon(one.migrate, "things", statements)
    assert await several[0].read(things) == [("first", 0)]
    for one in several:
        await one.aclose()


async def test_a_migration_that_fails_leaves_nothing(url):
    database = open_database(url)
    with pytest.raises(DatabaseFailed):
        await database.migrate("things", [*TABLE, "SELEC 1"])
    again = open_database(url)
    await again.migrate("things", TABLE)
    assert await again.read(things) == []
    await database.aclose()
    await again.aclose()


async def test_a_closed_database_opens_again(database):
    await database.run(adding("a"))
    await database.aclose()
    assert await database.read(things) == [("a", 1)]


async def test_reading_waits_for_nobody_who_writes(database, url):
    begun, go = threading.Event(), threading.Event()

    def slow(connection):
        connection.execute(INSERT, ("slow", 1))
        begun.set()
        go.wait(10)

    other = open_database(url)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(database.run, slow)
        await trio.to_thread.run_sync(begun.wait)
        assert await other.read(things) == []
        go.set()
    assert await other.read(things) == [("slow", 1)]
    await other.aclose()


@pytest.fixture
async def postgres_database(postgres):
    opened = open_database(postgres.new_database())
    await opened.migrate("things", TABLE)
    yield opened
    with trio.CancelScope(shield=True):
        await opened.aclose()


@pytest.mark.postgres
async def test_what_only_reads_cannot_write_in_postgres(postgres_database):
    with pytest.raises(DatabaseFailed):
        await postgres_database.read(adding("a"))


@pytest.mark.postgres
async def test_a_server_that_was_started_again_is_used_again(postgres, postgres_database):
    await postgres_database.run(adding("a"))
    postgres.stop()
    try:
        with pytest.raises(DatabaseUnavailable):
            await postgres_database.run(adding("b"))
    finally:
        postgres.start()
    await postgres_database.run(adding("c"))
    assert await postgres_database.read(things) == [("a", 1), ("c", 1)]


@pytest.mark.postgres
async def test_a_connection_that_died_while_it_was_idle_costs_nobody_anything(postgres, postgres_database):
    await postgres_database.run(adding("a"))
    postgres.stop()
    postgres.start()
    await postgres_database.run(adding("b"))
    assert await postgres_database.read(things) == [("a", 1), ("b", 1)]


@pytest.mark.postgres
async def test_a_database_that_is_away_at_first_is_migrated_once_it_can_be_reached(postgres):
    url = postgres.new_database()
    postgres.stop()
    database = open_database(url)
    try:
        with pytest.raises(DatabaseUnavailable):
            await database.migrate("things", TABLE)
    finally:
        postgres.start()
    await database.run(adding("a"))
    assert await database.read(things) == [("a", 1)]
    await database.aclose()


@pytest.mark.postgres
async def test_a_wrong_password_is_told_without_showing_it(postgres):
    right = postgres.url()
    wrong = right.replace("of-postgres", "of-nobody")
    database = open_database(wrong)
    assert "of-nobody" not in repr(database) + database.shown
    assert "***@127.0.0.1" in database.shown
    with pytest.raises(DatabaseUnavailable) as caught:
        await database.read(things)
    assert "password authentication failed" in str(caught.value)
    assert "of-nobody" not in repr(caught.value)

"""The ledger over both databases: what is recorded is written once, whatever happens to the database."""

import math
from contextlib import asynccontextmanager

import pytest
import trio

from sluicegate.adapters.database import ledger as module
from sluicegate.adapters.database.database import DatabaseUnavailable, open_database
from sluicegate.adapters.database.ledger import DatabaseLedger
from sluicegate.adapters.database.prune import prune
from sluicegate.adapters.database.rows import MAX_WHOLE, MIGRATIONS
from sluicegate.adapters.database.spool import Spool
from sluicegate.pipeline.ledger import Row

DAY = 86_400
FLUSH = 0.02


def row(number, **fields):
    given = {"tenant": "t", "label": f"label-{number}", "key_id": "k", "team": "blue", "cost": 10, "tags": ("a", "b")}
    return Row(**{"exchange": f"e{number}", "attempt": 1, "at": 1_000_000.0 + number, **given, **fields})


def made(url, tmp_path, *, queue=1000, most=10_000_000, **given):
    spool = Spool(tmp_path / "spool", most=most)
    return DatabaseLedger(open_database(url), open_database(url), spool, flush=FLUSH, queue=queue, **given)


@asynccontextmanager
async def running(ledger):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ledger.run)
        try:
            yield ledger
        finally:
            nursery.cancel_scope.cancel()
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 5):
                await ledger.aclose()


async def kept(url):
    """Return the ids of all rows that are in the database."""
    database = open_database(url)
    for name, statements in MIGRATIONS.items():
        database.expect(name, statements)
    try:
        sql = "SELECT exchange FROM calls ORDER BY at, exchange"
        return [value for (value,) in (await database.read(lambda connection: connection.execute(sql))).rows]
    finally:
        await database.aclose()


async def until(what, patience=15):
    with trio.fail_after(patience):
        while not await what():  # noqa: ASYNC110  # only the database knows
            await trio.sleep(0.02)


async def test_what_is_recorded_is_found_whole(url, tmp_path):
    given = row(
        1, key_name="ci", user="ada", operation="chat", model="gpt", provider="openai", served="gpt-4o", stream=True,
        outcome="ok", status=200, code="c", cache="miss", input=1, cached=2, cache_write=3, output=4, reasoning=5,
        images=6, characters=7, seconds=8.5, estimated=True, cost=None, first_token=0.25, duration=1.5, whole=2.5,
        last=False, more={"searches": 2, "other": 1.5},
    )  # fmt: skip
    async with running(made(url, tmp_path)) as ledger:
        ledger.record([given, row(2)])
        assert await ledger.find("t", "e1") == [given]
        assert await ledger.find("t", "label-2") == [row(2)]


async def test_a_row_is_written_within_the_time_of_a_flush_and_a_little(url, tmp_path):
    async with running(made(url, tmp_path)) as ledger:
        await ledger.find("t", "none")  # connects
        ledger.record([row(1)])
        await until(lambda: _is(kept(url), ["e1"]), FLUSH + 2)


async def _is(found, wanted):
    return await found == wanted


async def test_closing_writes_all_that_was_recorded(url, tmp_path):
    ledger = made(url, tmp_path)
    ledger.record([row(number) for number in range(50)])
    await ledger.aclose()
    assert len(await kept(url)) == 50
    assert list((tmp_path / "spool").glob("*")) == []


async def test_a_row_that_is_recorded_twice_is_there_once_and_as_it_was_first(url, tmp_path):
    async with running(made(url, tmp_path)) as ledger:
        ledger.record([row(1, cost=10)])
        ledger.record([row(1, cost=99)])
        assert await ledger.spent("key", "k", 0) == 10


async def test_another_tenants_rows_are_never_found(url, tmp_path):
    async with running(made(url, tmp_path)) as ledger:
        ledger.record([row(1), row(2, tenant="other", label="label-1")])
        assert await ledger.find("other", "e1") == []
        assert [found.exchange for found in await ledger.find("other", "label-1")] == ["e2"]
        assert await ledger.find("t", "' OR tenant <> '") == []


async def test_of_several_exchanges_with_one_label_the_last_is_found(url, tmp_path):
    async with running(made(url, tmp_path)) as ledger:
        ledger.record(
            [row(2, label="same"), row(3, label="same"), row(3, label="same", attempt=2), row(1, label="same")]
        )
        assert [(found.exchange, found.attempt) for found in await ledger.find("t", "same")] == [("e3", 1), ("e3", 2)]


@pytest.mark.parametrize(
    ("kind", "id", "total"), [("key", "k", 12), ("user", "ada", 3), ("team", "red", 4), ("provider", "p", 8)]
)
async def test_what_somebody_has_spent_since_a_time_is_summed_up(url, tmp_path, kind, id, total):
    rows = [
        row(0, cost=100, user="ada", team="red", provider="p"),
        row(10, cost=1, user="ada", provider="p"),
        row(11, cost=2, user="ada", provider="p"),
        row(12, cost=4, team="red"),
        row(13, cost=5, provider="p"),
        row(14, cost=None, user="ada", team="red", provider="p"),
        row(15, cost=1000, key_id="other", user="x", team="x"),
    ]
    async with running(made(url, tmp_path)) as ledger:
        ledger.record(rows)
        assert await ledger.spent(kind, id, 1_000_010.0) == total
        assert await ledger.spent(kind, "nobody' OR 1=1 --", 0) == 0


async def test_texts_and_numbers_that_no_column_holds_are_kept_as_far_as_they_can_be(url, tmp_path):
    async with running(made(url, tmp_path)) as ledger:
        ledger.record([row(1, model="a\0b\udc80c" + "x" * 500, input=2**70, label="l")])
        (found,) = await ledger.find("t", "l")
    assert found.model == "a\ufffdb\ufffdc" + "x" * 251
    assert found.input == MAX_WHOLE


async def test_what_finds_the_queue_full_goes_by_the_spool_and_arrives(url, tmp_path):
    async with running(made(url, tmp_path, queue=100)) as ledger:
        for number in range(180):
            ledger.record([row(number)])
        await until(lambda: _has(url, 180))
    assert ledger.lost == 0


async def _has(url, count):
    return len(await kept(url)) == count


async def test_what_finds_no_room_anywhere_is_counted_and_told(url, tmp_path, caplog):
    ledger = made(url, tmp_path, queue=100)
    # Neither task of the ledger's runs: one batch waits to be written, and one for the spool.
    for number in range(300):
        ledger.record([row(number)])
    assert ledger.lost == 100
    await ledger.aclose()
    assert len(await kept(url)) == 200
    assert sum(int(record.args[0]) for record in caplog.records) == 100


async def test_rows_that_the_spool_has_no_room_for_are_counted(tmp_path, caplog):
    (tmp_path / "file").touch()
    ledger = made(f"sqlite:///{tmp_path}/file/a.db", tmp_path, most=1000)
    ledger.record([row(number) for number in range(50)])
    await ledger.aclose()
    assert ledger.lost == 50
    assert "1000 bytes" in caplog.text


async def test_a_database_that_is_away_at_the_end_has_all_rows_after_the_next_start(tmp_path):
    (tmp_path / "state").touch()
    url = f"sqlite:///{tmp_path}/state/a.db"
    first = made(url, tmp_path)
    first.record([row(1), row(2)])
    await first.aclose()
    (tmp_path / "state").unlink()
    async with running(made(url, tmp_path)) as second:
        second.record([row(3)])
        await until(lambda: _has(url, 3))
        assert await second.spent("key", "k", 0) == 30
    assert list((tmp_path / "spool").glob("*")) == []


async def test_spending_is_not_told_while_rows_are_missing(tmp_path):
    (tmp_path / "state").touch()
    url = f"sqlite:///{tmp_path}/state/a.db"
    async with running(made(url, tmp_path)) as ledger:
        ledger.record([row(1)])
        with pytest.raises(DatabaseUnavailable):
            await ledger.spent("key", "k", 0)
        (tmp_path / "state").unlink()
        await trio.sleep(module.RETRY + 0.1)
        assert await ledger.spent("key", "k", 0) == 10


@pytest.mark.postgres
async def test_a_server_that_goes_and_comes_back_under_load_has_every_row_once(postgres, tmp_path, caplog):
    url = postgres.new_database()
    number = 0
    async with running(made(url, tmp_path)) as ledger:

        async def load(seconds):
            nonlocal number
            end = trio.current_time() + seconds
            while trio.current_time() < end:
                ledger.record([row(number)])
                number += 1
                await trio.sleep(0.001)

        await load(0.2)
        await trio.to_thread.run_sync(postgres.stop)
        try:
            await load(0.4)
        finally:
            await trio.to_thread.run_sync(postgres.start)
        await load(0.2)
        await until(lambda: _has(url, number))
    assert ledger.lost == 0
    told = [record.getMessage().partition(":")[0] for record in caplog.records if record.name == "sluicegate.ledger"]
    assert told == ["the ledger's database takes no rows, which wait in the spool"]
    assert postgres.password not in caplog.text


@pytest.mark.postgres
async def test_a_server_that_stands_still_keeps_nobody_who_records_waiting(postgres, tmp_path):
    url = postgres.new_database()
    async with running(made(url, tmp_path, queue=100, patience=0.5)) as ledger:
        ledger.record([row(0)])
        assert await ledger.find("t", "e0") == [row(0)]
        postgres.freeze()
        try:
            for number in range(1, 500):
                ledger.record([row(number)])
                await trio.sleep(0.001)
            with pytest.raises(DatabaseUnavailable):
                await ledger.find("t", "e0")
        finally:
            postgres.thaw()
        await until(lambda: _has(url, 500))
    assert ledger.lost == 0


@pytest.mark.postgres
async def test_a_server_that_stands_still_does_not_keep_a_program_from_ending(postgres, tmp_path):
    url = postgres.new_database()
    ledger = made(url, tmp_path)
    ledger.record([row(0)])
    await ledger.find("t", "e0")
    postgres.freeze()
    try:
        ledger.record([row(1)])
        began = trio.current_time()
        with trio.move_on_after(0.5):
            await ledger.aclose()
        assert trio.current_time() - began < 2.0
    finally:
        postgres.thaw()
    async with running(made(url, tmp_path)):
        await until(lambda: _has(url, 2))
    await ledger.aclose()  # so that no thread outlives the test


async def test_old_rows_go_and_what_they_cost_stays(url, tmp_path):
    async with running(made(url, tmp_path)) as ledger:
        ledger.record([row(number, at=number * DAY + 5.0, cost=2**number) for number in range(10)])
        ledger.record([row(99, at=5.0, cost=None, key_id="")])
        assert await ledger.spent("key", "k", 0) == 1023
        database = open_database(url)
        assert await prune(database, 4 * DAY) == 5
        assert await prune(database, 4 * DAY) == 0
        assert await kept(url) == [f"e{number}" for number in range(4, 10)]
        for since in range(10):
            assert await ledger.spent("key", "k", since * DAY) == 1024 - 2**since
        tags = "SELECT count(*) FROM call_tags"
        assert (await database.read(lambda connection: connection.execute(tags))).rows == [(12,)]
        await database.aclose()


async def test_one_process_at_a_time_forgets(url):
    first, second = open_database(url), open_database(url)
    for name, statements in MIGRATIONS.items():
        await first.migrate(name, statements)
    await first.run(lambda connection: connection.execute("INSERT INTO leases VALUES ('prune', 100)"))
    assert await prune(second, math.inf, wall=lambda: 99.0) is None
    assert await prune(second, math.inf, wall=lambda: 100.0) == 0
    assert await prune(first, math.inf, wall=lambda: 100.0) == 0
    await first.aclose()
    await second.aclose()

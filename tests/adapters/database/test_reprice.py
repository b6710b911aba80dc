import pytest
import trio

from sluicegate.adapters.database.database import open_database
from sluicegate.adapters.database.queries import Query, rows_page
from sluicegate.adapters.database.reprice import PAGE, Repriced, reprice
from sluicegate.adapters.database.rows import MIGRATIONS, write_rows
from sluicegate.pipeline.ledger import Row


def row(number, **fields):
    return Row(**{"exchange": f"e{number:05}", "attempt": 1, "at": 1000.0 + number, "model": "m", "input": 2, **fields})


@pytest.fixture
async def database(url):
    opened = open_database(url)
    for name, statements in MIGRATIONS.items():
        await opened.migrate(name, statements)
    rows = [row(0, cost=5), row(1, cost=None), row(2, cost=7, model="gone"), row(3, attempt=0, cost=0), row(4, cost=20)]
    await opened.run(lambda connection: write_rows(connection, rows))
    yield opened
    with trio.CancelScope(shield=True):
        await opened.aclose()


async def costs(database):
    found = await database.read(lambda connection: rows_page(connection, Query(), limit=1000, up=True))
    return [(one.row.cost, one.billed) for one in found]


def tenfold(row):
    return row.usage.input * 10 if row.model == "m" else None


async def test_rows_cost_what_is_known_now_and_what_was_billed_stays(database):
    told = await reprice(database, Query(), tenfold)
    assert told == Repriced(rows=4, changed=2, before=32, after=67)
    assert await costs(database) == [(20, 5), (20, None), (7, 7), (0, 0), (20, 20)]
    assert await reprice(database, Query(), tenfold) == Repriced(rows=4, before=67, after=67)


async def test_a_trial_changes_nothing(database):
    before = await costs(database)
    assert (await reprice(database, Query(), tenfold, write=False)).changed == 2
    assert await costs(database) == before


async def test_only_what_is_asked_for_changes(database):
    assert (await reprice(database, Query(since=1001.0, until=1002.0), tenfold)).rows == 1
    assert await costs(database) == [(5, 5), (20, None), (7, 7), (0, 0), (20, 20)]


async def test_more_rows_than_a_page_change(database):
    many = [row(10 + number, cost=1) for number in range(2 * PAGE + 1)]
    await database.run(lambda connection: write_rows(connection, many))
    assert (await reprice(database, Query(), tenfold)).changed == 2 * PAGE + 3

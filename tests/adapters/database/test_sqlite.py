import sqlite3
import stat
import sys

import pytest
import trio

from sluicegate.adapters.database.database import Database, DatabaseFailed, DatabaseUnavailable, open_database
from sluicegate.adapters.database.sqlite import SqliteDriver

TABLE = ["CREATE TABLE things (name TEXT PRIMARY KEY)"]


def add(connection):
    connection.execute("INSERT INTO things VALUES ('a')")


def count(connection):
    return connection.execute("SELECT count(*) FROM things").rows[0][0]


async def test_files_are_their_owners_alone(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/made/a.db")
    await database.migrate("things", TABLE)
    await database.run(add)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "made").iterdir()}
    assert modes == dict.fromkeys(("a.db", "a.db-wal", "a.db-shm"), 0o600)
    await database.aclose()


async def test_a_commit_is_on_the_disk(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/a.db")
    pragmas = ("journal_mode", "synchronous", "foreign_keys")
    found = [
        await database.read(lambda connection, name=name: connection.execute(f"PRAGMA {name}").rows[0][0])
        for name in pragmas
    ]
    assert found == ["wal", 2, 1]
    await database.aclose()


async def test_a_file_that_another_process_has_locked_is_unavailable_until_it_is_not(tmp_path):
    path = tmp_path / "a.db"
    database = Database(SqliteDriver(path, busy=0.05))
    await database.migrate("things", TABLE)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailable, match="locked"):
        await database.run(add)
    assert await database.read(count) == 0
    other.execute("ROLLBACK")
    other.close()
    await database.run(add)
    assert await database.read(count) == 1
    await database.aclose()


async def test_a_file_that_was_removed_is_made_anew(tmp_path):
    path = tmp_path / "a.db"
    database = open_database(f"sqlite:///{path}")
    await database.migrate("things", TABLE)
    await database.run(add)
    path.unlink()
    await database.run(add)
    assert await database.read(count) == 1
    await database.aclose()


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "a.db"
    path.write_text("somebody's own notes, and more of them than a header is long " * 10)
    before = path.read_bytes()
    database = open_database(f"sqlite:///{path}")
    with pytest.raises(DatabaseFailed, match="not a database"):
        await database.migrate("things", TABLE)
    assert path.read_bytes() == before


async def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    database = open_database(f"sqlite:///{tmp_path}/file/below/a.db")
    with pytest.raises(DatabaseUnavailable, match="Not a directory"):
        await database.migrate("things", TABLE)


async def test_a_second_connection_of_a_process_takes_no_lock_away_from_the_first(tmp_path):
    """Else the next process that leaves takes itself for the last one, and removes what the first goes on to read."""
    path = tmp_path / "a.db"
    first, second = (open_database(f"sqlite:///{path}") for _ in range(2))
    await first.migrate("things", TABLE)
    await second.migrate("things", TABLE)
    for number, name in enumerate(("b", "c", "d"), 1):
        insert = f"c = sqlite3.connect({str(path)!r}); c.execute('INSERT INTO things VALUES (?)', ['{name}'])"
        await trio.run_process([sys.executable, "-c", f"import sqlite3; {insert}; c.commit(); c.close()"])
        assert [await database.read(count) for database in (first, second)] == [number, number]
    await first.run(add)
    assert await second.read(count) == 4
    await first.aclose()
    await second.aclose()

"""A database, used by one thread at a time, in order. For whoever keeps something that outlives the process.

It needs no task of its own, so that a command may use it under a bare ``trio.run``. Each work is one transaction, whole
or not at all. The connection is opened by the first work, and again after it was lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import trio

from sluicegate.pipeline.config.url_secrets import masked_url
from sluicegate.pipeline.errors import GatewayError

from .connection import Connection, Driver, Result, Session, Value
from .errors import BadDatabaseUrl, DatabaseConflict, DatabaseFailed, DatabaseUnavailable

__all__ = [
    "BadDatabaseUrl",
    "Connection",
    "Database",
    "DatabaseConflict",
    "DatabaseFailed",
    "DatabaseUnavailable",
    "Result",
    "Value",
    "open_database",
]

T = TypeVar("T")
MIGRATIONS = "CREATE TABLE IF NOT EXISTS sluicegate_migrations (name TEXT PRIMARY KEY, at DOUBLE PRECISION NOT NULL)"


def open_database(url: str) -> Database:
    """Return the database of a URL, not yet connected.

    Args:
        url: ``sqlite:///relative/path``, ``sqlite:////absolute/path`` or ``postgresql://user:password@host/database``.

    Raises:
        BadDatabaseUrl: It is none of these, or needs an extra that is not installed.
    """
    scheme, separator, rest = url.strip().partition("://")
    if not separator:
        raise BadDatabaseUrl("a database is named by a URL: sqlite:///PATH or postgresql://HOST/DATABASE")
    if scheme in ("postgresql", "postgres"):
        from .postgres import PostgresDriver  # with it comes psycopg, which few need

        return Database(PostgresDriver(url.strip()))
    if scheme != "sqlite":
        raise BadDatabaseUrl(f"there is no database {masked_url(scheme)[:40]}://; use sqlite:/// or postgresql://")
    if not rest.startswith("/"):
        raise BadDatabaseUrl("sqlite has three slashes before a relative path, and four before an absolute one")
    path = rest[1:]
    if not path or path.endswith("/") or path == ":memory:" or set("?#\0") & set(path):
        raise BadDatabaseUrl("sqlite:/// goes before the path of a file, without query; memory is none")
    from .sqlite import SqliteDriver

    return Database(SqliteDriver(Path(path)))


class Database:
    """One connection, and the line of those who wait for it.

    Args:
        driver: What opens it.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._session: Session | None = None
        self._migrations: dict[str, tuple[str, ...]] = {}
        self._leaving = False
        # Who waits gets its turn in order of coming; who has it keeps it until its thread is done, waited for or not.
        self._turn = trio.CapacityLimiter(1)

    def __repr__(self) -> str:
        return f"<Database {self.shown}>"

    @property
    def shown(self) -> str:
        """Its URL, without secrets."""
        return self._driver.shown

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` does in a transaction that may write. A checkpoint.

        A cancelled caller whose work has begun leaves it to its thread: it is still done, whole or not at all, and
        before all that comes later.

        Raises:
            DatabaseUnavailable: Try again later. If it comes from the very end of the work, that may have been done.
            DatabaseConflict: A row is there already.
            DatabaseFailed: The work itself is wrong.
        """
        self._leaving = False
        return await self._threaded(lambda: self._do(work, write=True))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """The same in a transaction that only reads: it sees one moment, and waits for nobody who writes."""
        self._leaving = False
        return await self._threaded(lambda: self._do(work, write=False))

    def expect(self, name: str, statements: Sequence[str]) -> None:
        """Have statements run once in the life of the database, before any other work. See `migrate`."""
        self._migrations[name] = tuple(statements)

    async def migrate(self, name: str, statements: Sequence[str]) -> None:
        """Run statements once in the life of the database, under a name that stays theirs. A checkpoint.

        Of several processes that start at once, one runs them and the others wait for it. If the database cannot be
        reached now, they are run as soon as it can, before any other work.

        Raises:
            DatabaseUnavailable: It cannot be reached.
            DatabaseFailed: A statement is wrong.
        """
        self.expect(name, statements)
        await self._threaded(lambda: self._do(lambda _: None, write=False, migrate=True))

    async def aclose(self) -> None:
        """Close the connection once all work that has begun is done. A checkpoint. Later work opens it again.

        A cancelled caller leaves it to that work to close the connection.
        """
        self._leaving = True
        await self._threaded(self._drop)

    async def _threaded(self, work: Callable[[], T]) -> T:
        return await trio.to_thread.run_sync(work, limiter=self._turn, abandon_on_cancel=True)

    def _do(self, work: Callable[[Connection], T], *, write: bool, migrate: bool = False) -> T:
        session = self._begun(write=write, migrate=migrate)
        try:
            value = work(session)
            session.commit()
        except BaseException:
            self._take_back(session)
            raise
        finally:
            if self._leaving:
                self._drop()
        return value

    def _begun(self, *, write: bool, migrate: bool) -> Session:
        """Return a session with a transaction: on the connection that is there, if it still leads anywhere."""
        if self._session is not None and not migrate and not self._session.lost():
            try:
                self._session.begin(write=write)
                return self._session
            except DatabaseUnavailable:
                if not self._session.lost():
                    raise
        self._drop()
        session = self._driver.open()
        try:
            self._migrate(session)
            session.begin(write=write)
        except BaseException:
            session.close()
            raise
        self._session = session
        return session

    def _migrate(self, session: Session) -> None:
        try:
            done = {row[0] for row in session.execute("SELECT name FROM sluicegate_migrations").rows}
        except DatabaseFailed:  # there is no such table yet, or something is wrong that the next statement will meet
            done = set()
        for name, statements in self._migrations.items():
            if name in done:
                continue
            session.begin(write=True)
            try:
                session.lock()
                session.execute(MIGRATIONS)
                if not session.execute("SELECT name FROM sluicegate_migrations WHERE name = ?", (name,)).rows:
                    for statement in statements:
                        session.execute(statement)
                    session.execute("INSERT INTO sluicegate_migrations VALUES (?, ?)", (name, time.time()))
                session.commit()
            except BaseException:
                with suppress(GatewayError):
                    session.rollback()
                raise

    def _take_back(self, session: Session) -> None:
        try:
            session.rollback()
        except GatewayError:
            self._drop()

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

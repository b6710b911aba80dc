"""Which tokens have been revoked before their time.

With a database they are written there, and every process that uses it looks for new ones twice a second. So a token is
good for nothing anywhere within a second, also in another worker, and after a restart. Without one they are this
process' own. As long as the database has not been read once, nobody knows, and no token is accepted. If it is away
later, what is known stays known.

Each is kept for as long as its tokens could hold.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from typing import NamedTuple, cast

import trio

from sluicegate.adapters.database.database import Connection, Database
from sluicegate.pipeline.errors import GatewayError, Overloaded, StoreUnavailable

log = logging.getLogger("sluicegate.identity")
EVERY = 0.5
"""Seconds between two looks."""
PATIENCE = 5.0
"""Seconds that a token waits for the first look."""
MOST = 100_000
"""Denials that are kept; one more is refused until some have had their time."""
MIGRATION = "tokens-1"
TABLES = (
    "CREATE TABLE sluicegate_denied_tokens (id TEXT PRIMARY KEY, before_time DOUBLE PRECISION NOT NULL, "
    "until_time DOUBLE PRECISION NOT NULL, version BIGINT NOT NULL)",
    "CREATE INDEX sluicegate_denied_tokens_version ON sluicegate_denied_tokens (version)",
    # One row, which each writer locks: versions become visible in the order of their numbers.
    "CREATE TABLE sluicegate_denied_version (id BIGINT PRIMARY KEY, version BIGINT NOT NULL)",
    "INSERT INTO sluicegate_denied_version VALUES (1, 0)",
)
_BUMP = "UPDATE sluicegate_denied_version SET version = version + 1 WHERE id = 1"
_VERSION = "SELECT version FROM sluicegate_denied_version WHERE id = 1"
_NEWER = "SELECT id, before_time, until_time FROM sluicegate_denied_tokens WHERE version > ?"
_WRITE = (
    "INSERT INTO sluicegate_denied_tokens VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
    "before_time = excluded.before_time, until_time = excluded.until_time, version = excluded.version"
)


class Denial(NamedTuple):
    """What is denied: tokens of an id that were issued up to a time, both in seconds since the epoch.

    Attributes:
        until: When the last of them has ended by itself.
    """

    id: str
    before: float
    until: float


class Denials:
    """Knows what has been denied.

    Args:
        database: Where it is written; None for this process alone.
        wall: Seconds since the epoch.
    """

    def __init__(self, database: Database | None, wall: Callable[[], float]) -> None:
        self._database = database
        self._wall = wall
        self._known: dict[str, Denial] = {}
        self._version = -1
        self._first = trio.Event()
        self._away = False
        if database is None:
            self._first.set()

    @property
    def known(self) -> bool:
        """Whether it is known what is denied."""
        return self._first.is_set()

    def denies(self, id: str, issued: float) -> bool:
        """Say whether tokens of an id that were issued at a time are denied."""
        denial = self._known.get(id)
        return denial is not None and issued <= denial.before

    async def wait(self) -> None:
        """Wait until it is known what is denied. A checkpoint. Raises StoreUnavailable."""
        with trio.move_on_after(PATIENCE):
            await self._first.wait()
        if not self.known:
            raise StoreUnavailable("it cannot be found out now whether this token was revoked", retry_after=1.0)

    async def deny(self, denial: Denial) -> None:
        """Deny tokens from now on. A checkpoint.

        Raises:
            GatewayError: It could not be written down. Overloaded: There are too many already.
        """
        if self._database is not None:
            await self._prepare(self._database)
            await self._database.run(lambda connection: _write(connection, denial, self._wall()))
        elif len(self._known) >= MOST:
            self._forget()
            if len(self._known) >= MOST:
                raise _full()
        self._take([denial])
        await trio.lowlevel.checkpoint()

    async def run(self) -> None:
        """Look for new ones, for ever. A checkpoint."""
        if self._database is None:
            return
        while True:
            await self._look(self._database)
            await trio.sleep(EVERY)

    async def _look(self, database: Database) -> None:
        try:
            if not self._first.is_set():
                await self._prepare(database)
            version, found = await database.read(self._newer)
        except GatewayError as error:
            if not self._away:
                log.warning("revoked tokens could not be looked for: %s", error.message)
            self._away = True
            return
        self._away = False
        if version != self._version:
            self._version = version
            self._forget()
            self._take(found)
        self._first.set()

    async def _prepare(self, database: Database) -> None:
        await database.migrate(MIGRATION, TABLES)

    def _newer(self, connection: Connection) -> tuple[int, list[Denial]]:
        """Return the version of now, and what is new since ours. In the database's thread."""
        ((found,),) = connection.execute(_VERSION).rows
        version = cast(int, found)
        if version == self._version:
            return version, []
        # A lower one is that of a copy that was put in the place of the database.
        since = self._version if version > self._version else -1
        rows = connection.execute(_NEWER, (since,)).rows
        return version, [Denial(*row) for row in cast("list[tuple[str, float, float]]", rows)]

    def _take(self, denials: Iterable[Denial]) -> None:
        for denial in denials:
            self._known[denial.id] = denial

    def _forget(self) -> None:
        """Forget those that have had their time."""
        now = self._wall()
        self._known = {id: denial for id, denial in self._known.items() if denial.until > now}


def _write(connection: Connection, denial: Denial, now: float) -> None:
    """Write a denial, and remove those that have had their time. In the database's thread."""
    connection.execute(_BUMP)
    ((version,),) = connection.execute(_VERSION).rows
    connection.execute("DELETE FROM sluicegate_denied_tokens WHERE until_time < ?", (now,))
    ((count,),) = connection.execute("SELECT COUNT(*) FROM sluicegate_denied_tokens").rows
    if cast(int, count) >= MOST:
        raise _full()
    before = 1e15 if math.isinf(denial.before) else denial.before
    connection.execute(_WRITE, (denial.id, before, denial.until, version))


def _full() -> Overloaded:
    return Overloaded(f"{MOST} tokens are revoked already, the limit; try again later", retry_after=60.0)

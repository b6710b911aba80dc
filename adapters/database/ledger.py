"""The ledger in a database: rows are taken at once, and written a moment later, in batches.

* `record` puts rows into a queue and never waits. They are written ``flush`` seconds later, or sooner if there are
  many: what a process that is killed has recorded within that time is lost, and nothing else.
* Rows that the database does not take go to the spool, and from there into the database once it takes them. So do
  those that find the queue full, which happens while a write hangs. What finds no room there either is counted, and
  the count is logged.
* A row is known by its exchange and attempt, so writing it twice changes nothing: what is in doubt is written again.
"""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import trio

from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.ledger import Row

from .connection import Connection
from .database import Database, DatabaseUnavailable
from .prune import prune
from .rows import MIGRATIONS, find_rows, spent_since, write_rows
from .spool import Spool

T = TypeVar("T")
log = logging.getLogger("sluicegate.ledger")

BATCH = 2000
"""Rows that are not kept waiting for more, and that one transaction has at most."""
PATIENCE = 5.0
"""Seconds for the database to take a batch, or to answer."""
RETRY = 1.0
"""Seconds between two attempts while it does not."""
LOOK = 60.0
"""Seconds after which to look for what other processes have left."""
TELL = 60.0
"""Seconds between two lines of the log on rows that were lost."""
PRUNE = 600.0
"""Seconds between two looks for rows that are kept no longer."""
LAST = 0.5
"""Seconds to write down what is left at the very end."""


class DatabaseLedger:
    """A `Ledger`.

    Args:
        writer: Takes the rows.
        reader: Another connection to the same database, so that nobody who reads keeps rows waiting.
        spool: Where rows wait for a database that is away.
        flush: Seconds for which rows are gathered.
        queue: The most rows that wait to be written; as many may be on their way, and as many on that to the spool.
        retention: Seconds for which rows are kept; 0 is for ever.
        patience: Seconds for the database to take a batch, or to answer.
        wall: Seconds since the epoch.

    Attributes:
        lost: Rows that found no room.
    """

    def __init__(
        self,
        writer: Database,
        reader: Database,
        spool: Spool,
        *,
        flush: float,
        queue: int,
        retention: float = 0.0,
        patience: float = PATIENCE,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.lost = 0
        self.database = reader
        self._writer = writer
        for name, statements in MIGRATIONS.items():
            writer.expect(name, statements)
            reader.expect(name, statements)
        self._spool = spool
        self._flush_after = flush
        self._most = queue
        self._retention = retention
        self._patience = patience
        self._wall = wall
        self._queue: list[Row] = []
        self._flying: list[Row] = []
        self._spilling: list[Row] = []
        self._some, self._many, self._spill = trio.Event(), trio.Event(), trio.Event()
        self._turn = trio.Lock()
        self._spool_turn = trio.CapacityLimiter(1)
        self._spooled = True  # by a process before this one, as far as is known
        self._away = False
        self._retry_at = -math.inf
        self._tell_at = -math.inf
        self._told = 0
        self._why = ""

    def record(self, rows: Sequence[Row]) -> None:
        """Take rows to be written soon. Never waits."""
        if len(self._queue) + len(rows) > self._most:
            self._make_room()
        if len(self._queue) + len(rows) > self._most:
            self._lose(len(rows), "too many rows wait to be written")
            return
        self._queue += rows
        if not self._some.is_set():
            self._some.set()
        if len(self._queue) >= BATCH:
            self._many.set()

    async def run(self) -> None:
        """Write what is recorded, replay what is spooled and forget what is old, for ever. A checkpoint."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write_often)
            nursery.start_soon(self._spill_often)
            if self._retention:
                nursery.start_soon(self._prune_often)

    async def find(self, tenant: str, name: str) -> list[Row]:
        """Return the rows of an exchange. A checkpoint. Raises DatabaseUnavailable."""
        found = await self._read(partial(find_rows, tenant=tenant, name=name))
        if not found:
            # It may have ended just now, here or in another process.
            await trio.sleep(self._flush_after)
            await self._flush()
            found = await self._read(partial(find_rows, tenant=tenant, name=name))
        return found

    async def spent(self, kind: str, id: str, since: float) -> int:
        """Return what somebody has cost, in nano-dollars. A checkpoint.

        Raises:
            DatabaseUnavailable: That cannot be told now: the database is away, or does not have all rows yet.
        """
        if not await self._flush() or not await self._replay():
            raise DatabaseUnavailable("the ledger's database does not have all rows now")
        return await self._read(partial(spent_since, kind=kind, id=id, since=since))

    async def aclose(self) -> None:
        """Write all that was recorded: to the database or, if there is little time, to the spool. A checkpoint."""
        rest = min(trio.current_effective_deadline() - trio.current_time(), 2 * self._patience)
        self._queue, self._spilling = self._spilling + self._queue, []
        with trio.move_on_after(rest / 2):
            await self._flush()
        if left := self._flying + self._queue:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + LAST) as scope:
                await self._to_spool(left)
            if scope.cancelled_caught:
                self._lose(len(left), "the disk takes too long")
        self._flying, self._queue = [], []
        self._tell(last=True)
        await self._in_spool(self._spool.close)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._writer.aclose)
            nursery.start_soon(self.database.aclose)

    async def _write_often(self) -> None:
        await self._replay()
        while True:
            with trio.move_on_after(RETRY if self._spooled else LOOK) as waiting:
                await self._some.wait()
            if not waiting.cancelled_caught:
                with trio.move_on_after(self._flush_after):
                    await self._many.wait()
            elif not self._spooled:
                self._spooled = True  # perhaps, by a process that has ended since
            # Here and nowhere else: this task would go on waiting for the old ones.
            self._some, self._many = trio.Event(), trio.Event()
            await self._flush()
            await self._replay()

    async def _flush(self) -> bool:
        """Write what was recorded until now, and say whether all of it is in the database."""
        taken = True
        async with self._turn:
            # What is flying stays there until it is written down, so that a cancellation loses nothing.
            self._flying += self._queue
            self._queue = []
            while self._flying:
                batch = self._flying[:BATCH]
                if not await self._to_database(batch):
                    taken = False
                    batch = self._flying
                    await self._to_spool(batch)
                self._flying = self._flying[len(batch) :]
        return taken

    async def _replay(self) -> bool:
        """Write what is spooled, as long as the database takes it, and say whether nothing is left."""
        while self._spooled:
            async with self._turn:
                rows = await self._in_spool(self._spool.peek)
                if rows is None:
                    self._spooled = False
                    break
                if not await self._to_database(rows):
                    return False
                await self._in_spool(self._spool.advance)
            # Rows that are recorded meanwhile must not have to go through the spool.
            if self._queue:
                await self._flush()
        return True

    async def _to_database(self, rows: Sequence[Row]) -> bool:
        now = trio.current_time()
        if now < self._retry_at:
            return False
        problem = f"it has not answered within {self._patience:g} s"
        with trio.move_on_after(self._patience):
            try:
                await self._writer.run(partial(write_rows, rows=rows))
            except GatewayError as error:
                problem = error.message
            else:
                if self._away:
                    self._away = False
                    log.info("the ledger's database takes rows again")
                return True
        self._retry_at = trio.current_time() + RETRY
        if not self._away:
            self._away = True
            log.error("the ledger's database takes no rows, which wait in the spool: %s", problem)
        return False

    async def _to_spool(self, rows: Sequence[Row]) -> None:
        kept = await self._in_spool(partial(self._spool.append, rows))
        if kept:
            self._spooled = True
        else:
            self._lose(len(rows), self._spool.problem)

    async def _in_spool(self, work: Callable[[], T]) -> T:
        return await trio.to_thread.run_sync(work, limiter=self._spool_turn, abandon_on_cancel=True)

    def _make_room(self) -> None:
        """Send the queue to the spool, if the last one has arrived there."""
        if not self._spilling:
            self._spilling, self._queue = self._queue, []
            self._spill.set()

    async def _spill_often(self) -> None:
        while True:
            await self._spill.wait()
            self._spill = trio.Event()
            if self._spilling:
                await self._to_spool(self._spilling)
                self._spilling = []

    async def _prune_often(self) -> None:
        while True:
            await trio.sleep(PRUNE * (0.5 + random.random()))
            try:
                await prune(self.database, self._wall() - self._retention, wall=self._wall)
            except GatewayError as error:
                log.warning("old rows of the ledger could not be removed: %s", error.message)

    async def _read(self, work: Callable[[Connection], T]) -> T:
        with trio.move_on_after(self._patience):
            return await self.database.read(work)
        raise DatabaseUnavailable(f"the ledger's database has not answered within {self._patience:g} s")

    def _lose(self, count: int, why: str) -> None:
        self.lost += count
        self._tell(why)

    def _tell(self, why: str = "", *, last: bool = False) -> None:
        """Log how many rows were lost, if that is news and a minute is over, or at the ``last``."""
        self._why = why or self._why
        count, now = self.lost - self._told, trio.current_time()
        if count and (last or now >= self._tell_at):
            self._told, self._tell_at = self.lost, now + TELL
            log.error("%d rows of the ledger are lost: %s", count, self._why)

"""The directory over the database: each worker holds all keys in memory, and looks for changes twice a second.

While the database is away, the keys are as they were read last: a gateway that knew them goes on, and says so in the
log. One that has never read them takes none of them (`DirectoryUnavailable`), and lets nobody in without a key.
"""

from __future__ import annotations

import logging
from typing import Literal

import trio

from sluicegate.pipeline.caller import Subject
from sluicegate.pipeline.directory import Known
from sluicegate.pipeline.errors import GatewayError

from ..database.connection import Connection
from . import shelf
from .errors import DirectoryUnavailable, UnusableKeySecret
from .hashing import LENGTH, PREFIX, KeySecret
from .identities import Identities
from .roster import Roster, Row

log = logging.getLogger("sluicegate.identity")

EVERY = 0.5
"""Seconds between two looks: what was revoked is refused everywhere well within one."""
STALE = shelf.LINGER / 2
"""Seconds without a look after which all is read anew: deletions do not stay in the database for ever."""
FEW = 5_000
"""Changes that are taken in at once; more are read anew as a whole, beside all other work."""


class DatabaseDirectory:
    """Knows the keys in a database. Make it inside a running trio program, and let `run` keep it up to date.

    Args:
        identities: Where they are.
        always: Whether requests need a key also where there is none yet.
    """

    def __init__(self, identities: Identities, *, always: bool = False) -> None:
        self.identities = identities
        self._roster = Roster()
        self._secret: KeySecret | None = None
        self._version = 0
        self._looked = 0.0
        self._read = False
        self._had_keys = always
        self._trouble: str | None = "the API keys have not been read from the database yet"
        self._refreshing = trio.Lock()

    @property
    def asks(self) -> bool:
        """Whether requests need a key. Once they do, they do to the end: no deletion opens a gateway to everybody."""
        return self._had_keys or not self._read

    def find(self, credential: str) -> Known | None:
        """Return who sends a key, or None. Raises DirectoryUnavailable."""
        if len(credential) != LENGTH or not credential.startswith(PREFIX):
            return None
        if self._trouble is not None:
            raise DirectoryUnavailable(self._trouble, retry_after=1.0)
        if self._secret is None:
            return None  # without a secret no key has ever been made
        return self._roster.find(self._secret.digest(credential), self.identities.wall())

    def known(self, key_id: str) -> Known | None:
        """Return who has a key by its id, or None. Raises DirectoryUnavailable."""
        if self._trouble is not None:
            raise DirectoryUnavailable(self._trouble, retry_after=1.0)
        return self._roster.known(key_id, self.identities.wall())

    def subject(self, kind: Literal["user", "team"], name: str) -> Subject | None:
        """Return a user or team by id or by name, or None."""
        return self._roster.subject(kind, name)

    async def refresh(self) -> None:
        """Take in what has changed. A checkpoint.

        Raises:
            DatabaseUnavailable, DatabaseFailed: It stays as it is.
            UnusableKeySecret: Keys were made with another secret; until that is put right, none is known.
        """
        async with self._refreshing:
            now = trio.current_time()
            since = 0 if now - self._looked > STALE else self._version
            state, rows, whole = await self.identities.database.read(lambda connection: _news(connection, since))
            try:
                self._secret = await self._checked(state.secret)
            except UnusableKeySecret as error:
                self._trouble = str(error)
                raise
            if whole is not None:
                self._roster = whole
            else:
                self._roster.apply(rows)
            self._version, self._looked = state.version, now
            self._had_keys |= self._roster.keys > 0
            self._read, self._trouble = True, None

    async def _checked(self, check: str) -> KeySecret | None:
        """Return the secret that all keys were made with; None as long as there are none."""
        if not check or (self._secret is not None and self._secret.made(check)):
            return self._secret
        secret = await self.identities.secret()
        if secret is None or not secret.made(check):
            raise UnusableKeySecret(shelf.other_secret(self.identities.database.shown))
        return secret

    async def run(self) -> None:
        """Keep it up to date, for ever. A checkpoint."""
        failing = False
        while True:
            await trio.sleep(EVERY)
            try:
                await self.refresh()
            except (GatewayError, UnusableKeySecret) as error:
                if not failing:
                    log.error("changes of API keys do not come through: %s", error)
                failing = True
            else:
                if failing:
                    log.warning("changes of API keys come through again")
                failing = False


def _news(connection: Connection, since: int) -> tuple[shelf.State, list[Row], Roster | None]:
    """Return how things stand, and what has changed after a version, or, if that is a lot, a roster of all."""
    state = shelf.state(connection)
    if state.version == since:
        return state, [], None
    if 0 < since < state.version:  # a lower one is that of a copy that was put in the place of the database
        rows = shelf.changes(connection, since)
        if len(rows) <= FEW:
            return state, rows, None
    return state, [], Roster(shelf.changes(connection, 0))

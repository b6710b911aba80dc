"""Makes, lists, changes, rotates, revokes and deletes keys, users and teams. For the admin pages and the command line.

Each of these is one transaction on the database. All gateways on it take the change in within a second.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec
import trio

from sluicegate.pipeline.caller import Allowance
from sluicegate.pipeline.errors import InvalidRequest, NotFound

from ..database.connection import Connection
from ..database.database import Database
from . import shelf
from .errors import Conflict, UnusableKeySecret
from .fields import allowance, read_fields
from .hashing import KeySecret, load_secret, new_text, shown
from .records import RECORDS, Key, Kind, Previous, Record

MAX_PREVIOUS = 4
"""Old texts of one key that are good at once; one more rotation ends the oldest."""
T = TypeVar("T")


class Issued(NamedTuple):
    """A key and its text, which nobody can find out again."""

    key: Key
    text: str

    def __repr__(self) -> str:
        return f"Issued({self.key.name!r})"


class Page(NamedTuple):
    """Some records in the order in which they were made, and whether there are more behind them."""

    records: tuple[Any, ...]
    more: bool


class Identities:
    """The keys, users and teams in a database.

    All methods are checkpoints. They raise DatabaseUnavailable and DatabaseFailed, besides what they name.

    Args:
        database: Where they are.
        environ: Where the secret of keys is found, or the folder that it is kept in.
        wall: Seconds since the epoch.
    """

    def __init__(
        self, database: Database, environ: Mapping[str, str], *, wall: Callable[[], float] = time.time
    ) -> None:
        self.database = database
        self.wall = wall
        self._environ = environ

    async def prepare(self) -> None:
        """Make the tables, if there are none yet."""
        await self.database.migrate(shelf.MIGRATION, shelf.STATEMENTS)

    async def secret(self, *, make: bool = False) -> KeySecret | None:
        """Return the secret that keys are known by; None if there is none yet. Raises UnusableKeySecret."""
        return await trio.to_thread.run_sync(lambda: load_secret(self._environ, make=make))

    async def create_key(self, given: Mapping[str, Any]) -> Issued:
        """Make a key.

        Raises:
            InvalidRequest: A field is wrong. Conflict: The name is taken, or there are too many.
            UnusableKeySecret: The keys that there are were made with another secret.
        """
        now = self.wall()
        found = read_fields("key", given, now, new=True)
        secret = await self._own_secret()
        text = new_text()
        made = {"digest": secret.digest(text).hex(), "shown": shown(text)}

        def work(connection: Connection) -> Issued:
            shelf.verify(connection, secret, self.database.shown)
            return Issued(_inserted(connection, "key", {**found, **made}, now), text)

        return await self.database.run(_ordered(work))

    async def create(self, kind: Kind, given: Mapping[str, Any]) -> Any:
        """Make a user or a team. Raises as `create_key` does."""
        now = self.wall()
        found = read_fields(kind, given, now, new=True)
        return await self.database.run(_ordered(lambda connection: _inserted(connection, kind, found, now)))

    async def page(
        self, kind: Kind, *, user: str = "", team: str = "", name: str = "", after: str = "", limit: int = 100
    ) -> Page:
        """Return some of them, in the order in which they were made.

        Args:
            user: Only those of this user, by id or name; so is ``team``.
            after: Begin behind the one with this id.

        Raises:
            InvalidRequest: There is none with the id ``after``, or no such user or team.
        """
        named = {"user": user, "team": team, "name": name}

        def work(connection: Connection) -> Page:
            where = _resolved(connection, {field: value for field, value in named.items() if value})
            number = shelf.number_of(connection, kind, after) if after else 0
            if number is None:
                raise InvalidRequest(f"after: there is no {kind} {after!r}", param="after")
            found = shelf.page(connection, kind, where, number, limit + 1)
            return Page(tuple(found[:limit]), len(found) > limit)

        return await self.database.read(work)

    async def get(self, kind: Kind, wanted: str, *, by_name: bool = False) -> Any:
        """Return the one with an id, or with a name. Raises NotFound."""
        return await self.database.read(lambda connection: _found(connection, kind, wanted, by_name))

    async def change(self, kind: Kind, wanted: str, given: Mapping[str, Any], *, by_name: bool = False) -> Any:
        """Change what is named, and leave the rest.

        Raises:
            NotFound: There is none. InvalidRequest: A field is wrong.
            Conflict: The new name is taken, or the key is revoked.
        """
        now = self.wall()
        found = read_fields(kind, given, now, new=False)

        def change(connection: Connection, record: Any) -> Any:
            if isinstance(record, Key):
                _refuse_revoked(record)
            return _changed(record, _resolved(connection, found), now)

        return await self._replace(kind, wanted, change, by_name=by_name)

    async def rotate(self, wanted: str, overlap: float, *, by_name: bool = False) -> Issued:
        """Give a key a new text; the old one is good for ``overlap`` seconds more.

        Raises:
            NotFound: There is no such key. Conflict: It is revoked. UnusableKeySecret: As `create_key` does.
        """
        now = self.wall()
        secret = await self._own_secret()
        text = new_text()

        def change(connection: Connection, key: Key) -> Key:
            _refuse_revoked(key)
            shelf.verify(connection, secret, self.database.shown)
            alive = [one for one in key.previous if one.until > now]
            old = [*alive, Previous(key.digest, key.shown, now + overlap)][-MAX_PREVIOUS:]
            told = {"digest": secret.digest(text).hex(), "shown": shown(text), "previous": tuple(old), "rotated": now}
            return msgspec.structs.replace(key, changed=now, **told)

        return Issued(await self._replace("key", wanted, change, by_name=by_name), text)

    async def revoke(self, wanted: str, *, by_name: bool = False) -> Key:
        """Make a key good for nothing, for good; one that is revoked stays as it is. Raises NotFound."""
        now = self.wall()

        def change(connection: Connection, key: Key) -> Key:
            return key if key.revoked is not None else msgspec.structs.replace(key, changed=now, revoked=now)

        return await self._replace("key", wanted, change, by_name=by_name)

    async def delete(self, kind: Kind, wanted: str, *, by_name: bool = False) -> Any:
        """Delete one, and return what it was. Raises NotFound, or Conflict if others belong to it."""
        now = self.wall()

        def work(connection: Connection) -> Any:
            record = _found(connection, kind, wanted, by_name)
            shelf.delete(connection, kind, record, now)
            return record

        return await self.database.run(_ordered(work))

    async def _replace(self, kind: Kind, wanted: str, change: Callable[[Connection, Any], T], *, by_name: bool) -> T:
        def work(connection: Connection) -> T:
            before = _found(connection, kind, wanted, by_name)
            after = change(connection, before)
            if after is not before:
                shelf.update(connection, kind, after, before)  # type: ignore[arg-type]  # a record, as before
            return after

        return await self.database.run(_ordered(work))

    async def _own_secret(self) -> KeySecret:
        def check(connection: Connection) -> str:
            return shelf.state(connection).secret

        # Where keys are made with another secret, none is made here: it would be of no use, and in the way.
        made_before = await self.database.read(check)
        secret = await self.secret(make=not made_before)
        if secret is None or (made_before and not secret.made(made_before)):
            raise UnusableKeySecret(shelf.other_secret(self.database.shown))
        return secret


def _ordered(work: Callable[[Connection], T]) -> Callable[[Connection], T]:
    """Let work that changes something wait for its turn before it looks at anything."""

    def ordered(connection: Connection) -> T:
        shelf.begin_change(connection)
        return work(connection)

    return ordered


def _inserted(connection: Connection, kind: Kind, found: dict[str, Any], now: float) -> Any:
    told = _resolved(connection, found)
    own = allowance(Allowance(), told)
    id = f"{kind}_{secrets.token_hex(8)}"
    record: Record = RECORDS[kind](id=id, allowance=own, created=now, changed=now, **told)
    shelf.insert(connection, kind, record)
    return record


def _found(connection: Connection, kind: Kind, wanted: str, by_name: bool) -> Any:
    record = shelf.find(connection, kind, wanted, by_name=by_name)
    if record is None:
        raise NotFound(f"there is no {kind} {wanted[:128]!r}")
    return record


def _resolved(connection: Connection, found: dict[str, Any]) -> dict[str, Any]:
    """Return what was read, with the ids of the user and team that it names by id or by name."""
    told = dict(found)
    kinds: tuple[Kind, ...] = ("user", "team")
    for kind in kinds:
        if wanted := found.get(kind):
            record = shelf.find(connection, kind, wanted, by_name=True)
            if record is None:
                raise InvalidRequest(f"{kind}: there is no {kind} {wanted!r}", param=kind)
            told[kind] = record.id
    return told


def _changed(record: Any, told: dict[str, Any], now: float) -> Any:
    own = allowance(record.allowance, told)
    return msgspec.structs.replace(record, allowance=own, changed=now, **told)


def _refuse_revoked(key: Key) -> None:
    if key.revoked is not None:
        raise Conflict(f"key {key.name!r} has been revoked, and that is for good: make a new one")

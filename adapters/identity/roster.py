"""Keys, users and teams in memory, and who sends a key. No I/O, and no wait for any number of them.

* Of each only its document is kept, as bytes: 200,000 keys take little more room than their texts. Callers are made of
  documents when they are asked for, and the last MAX_READY of them are kept ready-made.
* A key is looked up by the keyed digest of what was sent. Nobody outside can tell which digest a text has, so what the
  look-up takes tells nothing of the keys; the digest found is compared in constant time all the same.
* A digest leads to a key for ever, also when it is good no more: its owner is told why.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal, NamedTuple, cast

import msgspec

from sluicegate.pipeline.caller import Caller, Subject
from sluicegate.pipeline.directory import Known
from sluicegate.pipeline.errors import Unauthorized

from .records import Key, Kind, Previous, Team, User, decode

MAX_READY = 10_000
"""Callers that are kept ready-made."""


class Row(NamedTuple):
    """A change: a document in the place of the one before, or None for one that is deleted."""

    kind: Kind
    id: str
    document: bytes | None


class _Lead(NamedTuple):
    """Where a digest leads, and in seconds since the epoch how long."""

    digest: bytes
    id: str
    until: float


class _Digests(msgspec.Struct):
    """As much of a key's document as it takes to find the key."""

    digest: str
    previous: tuple[Previous, ...] = ()


class _Named(msgspec.Struct):
    name: str


_DIGESTS = msgspec.json.Decoder(_Digests)
_NAMED = msgspec.json.Decoder(_Named)


class Roster:
    """All keys, users and teams of a gateway.

    Attributes:
        keys: How many keys there are, with those that are good no more.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.keys = 0
        self._documents: dict[tuple[Kind, str], bytes] = {}
        self._leads: dict[bytes, _Lead] = {}
        self._ids: dict[tuple[Kind, str], str] = {}
        self._ready: dict[str, Known] = {}
        self.apply(rows)

    def __len__(self) -> int:
        return len(self._documents)

    def apply(self, rows: Iterable[Row]) -> None:
        """Take changes in, in their order."""
        for row in rows:
            self._forget(row.kind, row.id)
            if row.document is None:
                continue
            self._documents[row.kind, row.id] = row.document
            if row.kind == "key":
                self.keys += 1
                self._leads |= {lead.digest: lead for lead in _leads(row.id, row.document)}
            else:
                self._ids[row.kind, _NAMED.decode(row.document).name] = row.id
        # What a team or user may do is part of what is kept of their keys.
        self._ready.clear()

    def _forget(self, kind: Kind, id: str) -> None:
        document = self._documents.pop((kind, id), None)
        if document is None:
            return
        if kind == "key":
            self.keys -= 1
            for lead in _leads(id, document):
                self._leads.pop(lead.digest, None)
        else:
            self._ids.pop((kind, _NAMED.decode(document).name), None)

    def find(self, digest: bytes, now: float) -> Known | None:
        """Return whose key has a digest.

        Args:
            now: In seconds since the epoch.
        """
        lead = self._leads.get(digest)
        if lead is None or not hmac.compare_digest(lead.digest, digest):
            return None
        known = self.known(lead.id, now)
        if known is not None and known.refused is None and now >= lead.until:
            return replace(known, refused="has been rotated, and the time of its old text is over")
        return known

    def known(self, id: str, now: float) -> Known | None:
        """Return who has the key of an id."""
        known = self._ready.get(id)
        if known is None:
            document = self._documents.get(("key", id))
            if document is None:
                return None
            if len(self._ready) >= MAX_READY:
                self._ready.clear()
            known = self._ready[id] = self._made(cast(Key, decode("key", document)))
        if known.refused is None and known.expires is not None and now >= known.expires:
            return replace(known, refused="has expired")
        return known

    def subject(self, kind: Literal["user", "team"], name: str) -> Subject | None:
        """Return a user or team, by id or by name. Raises Unauthorized if it is disabled."""
        found = self._get(kind, name) or self._get(kind, self._ids.get((kind, name), ""))
        if found is not None and not found.enabled:
            raise Unauthorized(f"{kind} {found.name!r} is disabled")
        return None if found is None else _subject(kind, found)

    def _get(self, kind: Kind, id: str) -> Team | None:
        document = self._documents.get((kind, id))
        return None if document is None else cast(Team, decode(kind, document))

    def _made(self, key: Key) -> Known:
        user = self._get("user", key.user)
        team_id = key.team or (user.team if isinstance(user, User) else "")
        team = self._get("team", team_id)
        subjects = [Subject("key", key.id, key.name, key.allowance)]
        subjects += [_subject("user", user)] if user is not None else []
        subjects += [_subject("team", team)] if team is not None else []
        caller = Caller(
            tenant=key.id,
            key_name=key.name,
            allowed_models=key.models,
            allowed_operations=key.operations,
            role=key.role,
            key_id=key.id,
            user=key.user,
            team=team_id,
            subjects=tuple(subjects),
            metadata=key.metadata,
        )
        return Known(caller, refused=_refusal(key, user, team), expires=key.expires)


def _leads(id: str, document: bytes) -> Iterator[_Lead]:
    found = _DIGESTS.decode(document)
    for previous in found.previous:
        yield _Lead(bytes.fromhex(previous.digest), id, previous.until)
    yield _Lead(bytes.fromhex(found.digest), id, math.inf)


def _subject(kind: Literal["user", "team"], of: Team) -> Subject:
    return Subject(kind, of.id, of.name, of.allowance)


def _refusal(key: Key, user: Team | None, team: Team | None) -> str | None:
    """Return why a key is good for nothing whatever the time, or None."""
    if key.revoked is not None:
        return "has been revoked"
    if not key.enabled:
        return "is disabled"
    for kind, of in (("user", user), ("team", team)):
        if of is not None and not of.enabled:
            return f"belongs to {kind} {of.name!r}, which is disabled"
    return None

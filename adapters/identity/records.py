"""Keys, users and teams as they are kept: each is one document of JSON, whose fields may grow with later versions."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from sluicegate.pipeline.caller import Allowance

Kind = Literal["key", "user", "team"]


class Previous(msgspec.Struct, frozen=True):
    """A text that a key had before it was rotated; good until a time, in seconds since the epoch."""

    digest: str
    shown: str
    until: float


class Team(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some users and keys, with an allowance together. Times are seconds since the epoch."""

    id: str
    name: str
    enabled: bool = True
    allowance: Allowance = Allowance()
    metadata: dict[str, Any] = {}
    created: float
    changed: float


class User(Team, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody with keys, who has one allowance for all of them. ``team`` is the team's id, or empty."""

    team: str = ""


class Key(User, frozen=True, kw_only=True, omit_defaults=True):
    """A key, known by its digest in hexadecimal. ``user`` and ``team`` are ids, or empty.

    Attributes:
        owner: Whose it is, in the words of whoever made it.
        models: Patterns of the models it may ask for, and ``operations``, the operations; None for all.
        rotated: When it got its present text, if that is not its first.
        revoked: When it was revoked; that is for good.
        previous: Texts that it had before.
    """

    digest: str
    shown: str
    owner: str = ""
    user: str = ""
    role: Literal["caller", "admin"] = "caller"
    models: tuple[str, ...] | None = None
    operations: tuple[str, ...] | None = None
    expires: float | None = None
    rotated: float | None = None
    revoked: float | None = None
    previous: tuple[Previous, ...] = ()


Record = Team | User | Key
RECORDS: dict[Kind, type[Team]] = {"key": Key, "user": User, "team": Team}
_DECODERS: dict[Kind, msgspec.json.Decoder[Team]] = {
    kind: msgspec.json.Decoder(record) for kind, record in RECORDS.items()
}


def encode(record: Record) -> str:
    """Return a record as its document."""
    return msgspec.json.encode(record).decode()


def decode(kind: Kind, document: str | bytes) -> Any:
    """Return the record of a document."""
    return _DECODERS[kind].decode(document)

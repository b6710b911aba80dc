"""Cassettes: recorded traffic as a file of msgpack maps, one behind the other. https://msgpack.org

Their rules:

* The first map is the head; each later one is a take: one exchange, written when it has ended. So takes stand in the
  order of their ends, and their arrivals have to be sorted by whoever wants them in order.
* A file is only appended to. What a crash has cut is its last take, which is left out; all before it can be read.
* What a reader does not know it passes over, so an older program reads what a newer one wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import msgpack

FORMAT = "sluicegate-cassette"
VERSION = 1
MAX_TAKE = 256 * 1024 * 1024
"""Bytes that one take may have: what claims to be more is no cassette."""


class NotACassette(ValueError):
    """The file is none, or of a version that this program cannot read."""


@dataclass(frozen=True, slots=True)
class RecordedAttempt:
    """One call of one target. Times are seconds after the request's arrival; None where the moment never came."""

    target: str
    started: float
    first_content: float | None = None
    ended: float | None = None
    code: str | None = None
    """The error's code; None where there was none."""


@dataclass(frozen=True, slots=True)
class RecordedChunk:
    """Chunks that left together: seconds after the request's arrival, bytes, and the data, where it was kept."""

    at: float
    size: int
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Take:
    """One recorded exchange.

    Attributes:
        arrival: When the request came: seconds after the cassette began.
        operation: As `Request.operation`.
        model: As the caller named it.
        stream: Whether chunks were asked for.
        body: The request's, as it came or with its texts masked.
        headers: Those that change what happens; never a credential.
        tenant: Whose counters and cache it used.
        key: The name of the caller's key, never the key.
        plan: The targets, in order.
        strategy: What chose them.
        attempts: What was called.
        notes: What stages noted, such as ``cache: hit``.
        outcome: ``ok``, ``failed`` or ``cancelled``.
        status: The HTTP status of the answer, or that which its error has.
        code: The error's code, or None.
        usage: Tokens by name, as `Usage` has them.
        reply: The whole answer, where it was kept and is no stream.
        chunks: What a stream sent, and when.
        stages: Seconds of work by stage, in order.
        duration: Seconds from arrival to end.
    """

    arrival: float
    operation: str
    model: str = ""
    stream: bool = False
    body: bytes = field(default=b"", repr=False)
    headers: dict[str, str] = field(default_factory=dict)
    tenant: str = ""
    key: str = ""
    plan: tuple[str, ...] = ()
    strategy: str = ""
    attempts: tuple[RecordedAttempt, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)
    outcome: str = "ok"
    status: int = 200
    code: str | None = None
    usage: dict[str, int] = field(default_factory=dict)
    reply: bytes = field(default=b"", repr=False)
    chunks: tuple[RecordedChunk, ...] = ()
    stages: dict[str, float] = field(default_factory=dict)
    duration: float = 0.0


_NAMES = frozenset(one.name for one in fields(Take))
_pack = msgpack.Packer(use_bin_type=True).pack


def head_bytes(*, created: float, by: str) -> bytes:
    """Return the head of a new cassette: when it began, in seconds since the epoch, and the program that writes it."""
    packed: bytes = _pack({"format": FORMAT, "version": VERSION, "created": created, "by": by})
    return packed


def take_bytes(take: Take) -> bytes:
    """Return a take as it stands in a cassette."""
    packed: bytes = _pack(asdict(take))
    return packed


def read_cassette(path: Path) -> Iterator[Take]:
    """Yield the takes of a cassette, in the order in which they ended.

    Raises:
        NotACassette: The file is none.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        unpacker = msgpack.Unpacker(file, raw=False, max_buffer_size=MAX_TAKE)
        head = _next(unpacker, path)
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise NotACassette(f"{path} is no cassette")
        if head.get("version") != VERSION:
            raise NotACassette(f"{path} is of version {head.get('version')}; this program reads version {VERSION}")
        while isinstance(packed := _next(unpacker, path), dict):
            yield _take(packed)


def _next(unpacker: msgpack.Unpacker, path: Path) -> Any:
    """Return the next map, or None at the end, also where a crash has put it."""
    try:
        return next(unpacker, None)
    except (msgpack.OutOfData, msgpack.exceptions.BufferFull):
        return None
    except (ValueError, msgpack.exceptions.UnpackException) as error:
        raise NotACassette(f"{path} holds what is no msgpack: {error}") from error


def _take(packed: dict[str, Any]) -> Take:
    known = {name: value for name, value in packed.items() if name in _NAMES}
    known["plan"] = tuple(known.get("plan", ()))
    known["attempts"] = tuple(RecordedAttempt(**attempt) for attempt in known.get("attempts", ()))
    known["chunks"] = tuple(RecordedChunk(**chunk) for chunk in known.get("chunks", ()))
    return Take(**known)

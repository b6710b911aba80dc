"""Cassettes: recorded traffic as a file of msgpack maps, one behind the other. https://msgpack.org

Their rules:

* The first map is the head; each later one is a take: one exchange, written when it has ended. So takes stand in the
  order of their ends, and their arrivals have to be sorted by whoever wants them in order.
* A file is only appended to. What a crash has cut is its last take, which is left out; all before it can be read.
* What a reader does not know it passes over, so an older program reads what a newer one wrote.
* All of the file may be packed with gzip; then it is not appended to. https://www.rfc-editor.org/rfc/rfc1952
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import IO, Any, cast

import msgpack

from sluicegate.pipeline.take import RecordedAttempt as RecordedAttempt
from sluicegate.pipeline.take import RecordedChunk as RecordedChunk
from sluicegate.pipeline.take import Take as Take

FORMAT = "sluicegate-cassette"
VERSION = 1
MAX_TAKE = 256 * 1024 * 1024
"""Bytes that one take may have: what claims to be more is no cassette."""


class NotACassette(ValueError):
    """The file is none, or of a version that this program cannot read."""


_NAMES = tuple(one.name for one in fields(Take))
_ATTEMPT = tuple(one.name for one in fields(RecordedAttempt))
_CHUNK = tuple(one.name for one in fields(RecordedChunk))
_GZIP = b"\x1f\x8b"
_pack = msgpack.Packer(use_bin_type=True).pack


def head_bytes(*, created: float, by: str) -> bytes:
    """Return the head of a new cassette: when it began, in seconds since the epoch, and the program that writes it."""
    packed: bytes = _pack({"format": FORMAT, "version": VERSION, "created": created, "by": by})
    return packed


def take_bytes(take: Take, *, arrival: float | None = None) -> bytes:
    """Return a take as it stands in a cassette.

    Args:
        arrival: In place of the take's own.
    """
    # Not `asdict`, which copies all that it finds: it takes ten times as long as packing.
    told: dict[str, Any] = {name: getattr(take, name) for name in _NAMES}
    told["attempts"] = [{name: getattr(attempt, name) for name in _ATTEMPT} for attempt in take.attempts]
    told["chunks"] = [{"at": chunk.at, "size": chunk.size, "data": chunk.data} for chunk in take.chunks]
    if arrival is not None:
        told["arrival"] = arrival
    packed: bytes = _pack(told)
    return packed


def read_cassette(path: Path) -> Iterator[Take]:
    """Yield the takes of a cassette, in the order in which they ended.

    Raises:
        NotACassette: The file is none.
        OSError: It cannot be read.
    """
    with _opened(path) as file:
        unpacker = msgpack.Unpacker(file, raw=False, max_buffer_size=MAX_TAKE)
        head = _next(unpacker, path)
        if head is None:
            return  # a crash came before its head was whole
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise NotACassette(f"{path} is no cassette")
        if head.get("version") != VERSION:
            raise NotACassette(f"{path} is of version {head.get('version')}; this program reads version {VERSION}")
        while isinstance(packed := _next(unpacker, path), dict):
            yield _take(packed)


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
    return cast(IO[bytes], gzip.open(path)) if packed else path.open("rb")


def _next(unpacker: msgpack.Unpacker, path: Path) -> Any:
    """Return the next map, or None at the end, also where a crash has put it."""
    try:
        return next(unpacker, None)
    except (msgpack.OutOfData, msgpack.exceptions.BufferFull):
        return None
    except EOFError as error:
        raise NotACassette(f"{path} is packed with gzip, and its end is missing") from error
    except (ValueError, msgpack.exceptions.UnpackException, zlib.error, gzip.BadGzipFile) as error:
        raise NotACassette(f"{path} holds what is no msgpack: {error}") from error


def _take(packed: dict[str, Any]) -> Take:
    known = _known(packed, _NAMES)
    known["plan"] = tuple(known.get("plan", ()))
    known["attempts"] = tuple(RecordedAttempt(**_known(one, _ATTEMPT)) for one in known.get("attempts", ()))
    known["chunks"] = tuple(RecordedChunk(**_known(one, _CHUNK)) for one in known.get("chunks", ()))
    return Take(**known)


def _known(packed: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in packed.items() if name in names}

"""A table of sliding-window counters in a file that several processes map into their memory.

Its layout, in bytes::

    header   4096    what it is, and the key of its digests; its first bytes also stand for the locks of the stripes;
                     from 1024 on, the lanes of the processes (`Lanes`)
    slots    64 each

* Eight slots are a row, and some rows a stripe. All windows of one key lie in the same stripe, and so do those of keys
  with the same tag, which is what stands in a key between ``{`` and ``}``, as in a Redis Cluster. They lie in the row
  that the key and the window's length choose; within the row, anywhere. Who reads or writes a stripe has its lock
  (`Stripes`).
* A slot ends with a checksum of the rest, and one whose checksum is wrong is empty. So a slot that a process was killed
  in the middle of writing is as if it had never been written: that caller, and nobody else, starts anew. The same holds
  for any other bytes that may come to stand there.
* Slots know keys by a digest, made with a secret of the table's own: nobody can choose keys that meet in one row.
* Where a row is full, a counter that no longer weighs makes room, though one without end not at once. If all weigh, the
  one not hit for longest does: its caller starts anew.
"""

from __future__ import annotations

import math
import mmap
import os
import secrets
import struct
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

from .windows import Counter, bucket_at

SLOTS = 64 * 1024
HEADER = 4096
SLOT = 64
IN_ROW = 8
ROW = SLOT * IN_ROW
MAX_STRIPES = 256
MAGIC = b"sluicegate.cnt.1"
SECRET = 16
DIGEST = 16
FRESH = 60.0
"""Seconds after its last hit for which a counter without end is kept at 0: longer than it takes to count in it."""
REMEMBERED = 4096
"""Windows whose places are kept ready-made, in each process."""

_SLOT = struct.Struct(f"={DIGEST}sddqqqI4x")
"""Digest, the window's length in seconds, the time of the last hit, bucket, current, previous; a checksum of these."""
_FIELDS = struct.Struct(_SLOT.format.removesuffix("I4x"))
_CHECKSUM = struct.Struct("=I4x")
_SUMMED = _FIELDS.size


class Place(NamedTuple):
    """Where in the table the counter of a key lies, for windows of ``seconds``."""

    stripe: int
    row: int
    """The offset of its row, in bytes."""
    digest: bytes
    seconds: float


@dataclass(slots=True)
class Held:
    """A counter taken out of the table."""

    place: Place
    counter: Counter
    last: float
    """When it was last hit."""
    slot: int | None
    """The offset of the slot that it came from; None if the table had none."""


def create_memory(slots: int = SLOTS) -> int:
    """Return the descriptor of a new table for ``slots`` counters or a few more, of 64 bytes each.

    It has no name: it is gone when the last process that knows it is. It belongs to whoever calls this, who passes it
    on to the processes that are to count together (``pass_fds``). Memory is taken as counters come.
    """
    if hasattr(os, "memfd_create"):
        return lay_out(os.memfd_create("sluicegate-counters"), slots)
    return lay_out(unlinked_file(), slots)


def unlinked_file() -> int:
    """Return the descriptor of an empty file that has no name: what there is where memory cannot be a file."""
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def lay_out(descriptor: int, slots: int) -> int:
    """Make a table of an empty file, and return its descriptor."""
    rows = max(1, math.ceil(slots / IN_ROW))
    stripes = min(MAX_STRIPES, rows)
    os.ftruncate(descriptor, HEADER + math.ceil(rows / stripes) * stripes * ROW)
    os.pwrite(descriptor, MAGIC + secrets.token_bytes(SECRET), 0)
    return descriptor


class Table:
    """The table in the file ``descriptor``, which has to stay open as long as this is used.

    Apart from `place`, no method may be called without the lock of the stripe that it is about.

    Raises:
        ValueError: The file is no such table.
    """

    def __init__(self, descriptor: int) -> None:
        header = os.pread(descriptor, len(MAGIC) + SECRET, 0)
        rows, rest = divmod(os.fstat(descriptor).st_size - HEADER, ROW)
        if not header.startswith(MAGIC) or rows < 1 or rest:
            raise ValueError(f"descriptor {descriptor} is no table of counters of this version")
        self._map = mmap.mmap(descriptor, HEADER + rows * ROW)
        place = partial(_place, header[len(MAGIC) :], min(MAX_STRIPES, rows), rows)
        self.place: Callable[[str, float], Place] = lru_cache(maxsize=REMEMBERED)(place)
        """Where the counter of a key lies, for windows of so many seconds: the same in all processes."""
        self.evictions = 0
        """Counters that still weighed when this process gave their slots to others."""

    def look(self, place: Place, now: float) -> Held:
        """Return the counter at a place, turned to ``now``; a new one if there is none."""
        row_end = place.row + ROW
        at = self._map.find(place.digest, place.row, row_end)
        while at != -1:
            if not at % SLOT:
                slot = self._map[at : at + SLOT]
                _, _, last, bucket, current, previous, checksum = _SLOT.unpack(slot)
                if checksum == crc32(slot[:_SUMMED]):
                    counter = Counter(bucket, current, previous)
                    counter.turn_to(bucket_at(now, place.seconds))
                    return Held(place, counter, last, at)
            at = self._map.find(place.digest, at + 1, row_end)
        return Held(place, Counter(bucket_at(now, place.seconds)), now, None)

    def write(self, held: Held) -> None:
        """Put a counter back into its slot, which it must have."""
        place, counter, at = held.place, held.counter, held.slot
        assert at is not None
        fields = _FIELDS.pack(place.digest, place.seconds, held.last, counter.bucket, counter.current, counter.previous)
        self._map[at : at + SLOT] = fields + _CHECKSUM.pack(crc32(fields))

    def room(self, place: Place, now: float, taken: Collection[int | None]) -> int:
        """Return the offset of a slot for a new counter: of those that are ``taken`` only if its row has no other."""
        ages = []
        for at in range(place.row, place.row + ROW, SLOT):
            if at in taken:
                ages.append((math.inf, at))
                continue
            slot = self._map[at : at + SLOT]
            _, seconds, last, bucket, current, previous, checksum = _SLOT.unpack(slot)
            if checksum != crc32(slot[:_SUMMED]):
                return at
            counter = Counter(bucket, current, previous)
            counter.turn_to(bucket_at(now, seconds))
            # A budget of which nothing is spent stands at 0: it has just been told so, and must not be asked again.
            fresh = seconds == math.inf and now - last < FRESH
            if not (counter.current or counter.previous or fresh):
                return at
            ages.append((last, at))
        self.evictions += 1
        return min(ages)[1]


def _place(secret: bytes, stripes: int, rows: int, key: str, seconds: float) -> Place:
    name = key.encode("utf-8", "surrogatepass")
    digest = blake2b(struct.pack("=d", seconds) + name, digest_size=DIGEST, key=secret).digest()
    stripe = int.from_bytes(blake2b(_tag_in(name), digest_size=8, key=secret).digest()) % stripes
    in_stripe = rows // stripes
    row = stripe * in_stripe + int.from_bytes(digest[:8]) % in_stripe
    return Place(stripe, HEADER + row * ROW, digest, seconds)


def _tag_in(name: bytes) -> bytes:
    """Return the part of a key that says with which others it lies: its tag, or all of it."""
    _, opened, rest = name.partition(b"{")
    tag, closed, _ = rest.partition(b"}")
    return tag if opened and closed and tag else name

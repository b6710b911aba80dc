"""Rows on their way to a database that is away: files in the state folder, bounded, replayed when it is back.

* A file is a row of frames: length (4 bytes), CRC-32 (4 bytes), and that many bytes of msgpack: a list of rows.
* What `append` has returned for is on the disk. What a crash cuts off at the end of a file was never acknowledged, and
  is left out, with a line in the log. A file that is damaged elsewhere is kept for a person to look at.
* Each process has one file, and holds its lock for as long as it lives. A file whose lock is free was left by a process
  that has ended; whoever needs a file, or has none to replay, takes that one over.
* A file is removed only after all of it is in the database. Until then all of it may be replayed again, which writes
  nothing twice.

Everything here blocks, and is used by one thread at a time.
"""

from __future__ import annotations

import fcntl
import logging
import os
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from sluicegate.pipeline.ledger import Row

log = logging.getLogger("sluicegate.ledger")

FRAME = 1000
"""Rows in a frame, at most."""
_HEAD = 8
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[Row])


class Spool:
    """The files of one folder, of which one at a time is this process' own.

    Args:
        folder: Made when it is first needed.
        most: Bytes that this process' file may have; rows that would exceed it are refused.

    Attributes:
        size: Bytes in this process' file.
        problem: Why the last rows were refused, or an empty string.
    """

    def __init__(self, folder: Path, *, most: int) -> None:
        self.size = 0
        self.problem = ""
        self._folder = folder
        self._most = most
        self._path = folder
        self._fd = -1
        self._read = 0
        self._next = 0

    def append(self, rows: Sequence[Row]) -> bool:
        """Keep rows, all or none of them, and say which."""
        frames = b"".join(_frame(rows[at : at + FRAME]) for at in range(0, len(rows), FRAME))
        try:
            if self._fd < 0 and not self._take_over():
                self._begin()
            if self.size + len(frames) > self._most:
                self.problem = f"the spool is full: it may have {self._most} bytes"
                return False
            self._put(frames)
        except OSError as error:
            self.problem = f"{self._folder}: {error.strerror or error}"
            return False
        self.problem = ""
        return True

    def peek(self) -> list[Row] | None:
        """Return the rows to be replayed next, the same ones until `advance`; None if there are none."""
        while self._fd >= 0 or self._take_over():
            if self._read < self.size:
                found = _frame_at(self._fd, self._read, self.size)
                if found is not None:
                    rows, self._next = found
                    return rows
                self._set_aside()
            else:
                self.close()
        return None

    def advance(self) -> None:
        """Note that the rows of the last `peek` are in the database."""
        self._read = self._next

    def close(self) -> None:
        """Leave this process' file to others; remove it if all of it was replayed."""
        if self._fd >= 0:
            if self._read >= self.size:
                self._path.unlink(missing_ok=True)
            os.close(self._fd)
        self._fd = -1
        self.size = self._read = self._next = 0

    def _begin(self) -> None:
        """Make a file of our own."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = 0
        while self._fd < 0:
            number += 1
            path = self._folder / f"{os.getpid()}-{number}.spool"
            with suppress(FileExistsError):
                self._hold(path, os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600))

    def _take_over(self) -> bool:
        """Make a file that was left behind our own, if there is one, cut to what can be read of it."""
        try:
            paths = sorted(self._folder.glob("*.spool"))
        except OSError:
            return False
        for path in paths:
            with suppress(OSError):  # another process was faster
                self._hold(path, os.open(path, _FLAGS))
            if self._fd >= 0:
                self._cut()
                return True
        return False

    def _hold(self, path: Path, fd: int) -> None:
        """Make a file our own if nobody else has it, or has removed it."""
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            return
        if not os.fstat(fd).st_nlink:
            os.close(fd)
            return
        self._path, self._fd = path, fd
        self.size = self._read = self._next = 0

    def _cut(self) -> None:
        """Cut a torn end off, since what would be appended behind it could not be found."""
        whole = os.fstat(self._fd).st_size
        while (end := _end_of_frame(self._fd, self.size, whole)) is not None:
            self.size = end
        if whole > self.size:
            log.warning("the last %d bytes of the ledger's spool %s are incomplete", whole - self.size, self._path)
            os.ftruncate(self._fd, self.size)

    def _put(self, data: bytes) -> None:
        """Append all of the data, on the disk, or, where that fails, cut off again what was."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
            os.fdatasync(self._fd)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._fd, self.size)
            raise
        self.size += len(data)

    def _set_aside(self) -> None:
        """Keep a damaged file under a name that nobody replays."""
        aside = self._path.with_suffix(".damaged")
        log.error("the ledger's spool %s is damaged at byte %d, and is kept as %s", self._path, self._read, aside.name)
        with suppress(OSError):
            self._path.rename(aside)
        os.close(self._fd)
        self._fd = -1
        self.size = self._read = self._next = 0


def _frame(rows: Sequence[Row]) -> bytes:
    data = _ENCODER.encode(rows)
    return len(data).to_bytes(4, "big") + zlib.crc32(data).to_bytes(4, "big") + data


def _end_of_frame(fd: int, at: int, size: int) -> int | None:
    """Return where the frame at ``at`` ends, or None if it is not complete."""
    end = at + _HEAD + int.from_bytes(os.pread(fd, 4, at), "big")
    return end if at + _HEAD <= size and end <= size else None


def _frame_at(fd: int, at: int, size: int) -> tuple[list[Row], int] | None:
    """Return the rows of a frame and where it ends, or None if it cannot be read."""
    end = _end_of_frame(fd, at, size)
    if end is None:
        return None
    data = os.pread(fd, end - at - _HEAD, at + _HEAD)
    if zlib.crc32(data) != int.from_bytes(os.pread(fd, 4, at + 4), "big"):
        return None
    try:
        return _DECODER.decode(data), end
    except msgspec.DecodeError:
        return None

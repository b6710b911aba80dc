"""The file that a recorder's thread appends to: begun, followed by the next one, and cleared away."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

OURS = re.compile(r"\d{8}-\d{6}-\d+-(\d+)\.cassette")
"""Names of files that are counted and cleared away; what else lies in the folder is somebody's own."""


@dataclass(frozen=True, slots=True, eq=False)
class Reel:
    """What one cassette is to hold: its number, when it began, in seconds since the epoch, and its head."""

    number: int
    created: float
    head: bytes = field(repr=False)


class CassetteFile:
    """Appends to the cassette of a reel, and goes on to the next reel's. All of it blocks.

    Args:
        folder: Where the files are.
        max_files: The most cassettes in it, those of other processes included.

    Attributes:
        problem: Why the last takes could not be written, or an empty string.
    """

    def __init__(self, folder: Path, *, max_files: int) -> None:
        self.problem = ""
        self._folder = folder
        self._max_files = max_files
        self._reel: Reel | None = None
        self._number = 0
        self._fd = -1
        self._size = 0

    def append(self, reel: Reel, takes: Sequence[bytes]) -> bool:
        """Write takes, all or none of them, and say which."""
        try:
            if self._reel is not reel or self._lost():
                self._begin(reel)
            self._put(b"".join(takes))
        except OSError as error:
            self.problem = f"{self._folder}: {error.strerror or error}"
            return False
        self.problem = ""
        return True

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
        self._reel = None

    def _lost(self) -> bool:
        """Say whether the file has been removed: whoever clears the folder away must not clear away what comes."""
        return os.fstat(self._fd).st_nlink == 0

    def _begin(self, reel: Reel) -> None:
        self.close()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime(reel.created))
        while self._fd < 0:
            self._number += 1
            path = self._folder / f"{moment}-{os.getpid()}-{self._number}.cassette"
            try:
                self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            except FileExistsError:
                continue  # of another process that has our number in a space of its own
        self._size = 0
        try:
            self._put(reel.head)
        except OSError:
            self.close()
            path.unlink(missing_ok=True)
            raise
        self._reel = reel
        self._clear_away(path.name)

    def _put(self, data: bytes) -> None:
        """Append all of the data or, where that fails, cut off again what was."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError:
            try:
                os.ftruncate(self._fd, self._size)
            except OSError:
                self.close()  # what would come behind half a take could not be read
            raise
        self._size += len(data)

    def _clear_away(self, current: str) -> None:
        """Remove the cassettes that were written to longest ago, as far as there are too many beside this one."""
        found = []
        for entry in os.scandir(self._folder):
            match = OURS.fullmatch(entry.name)
            if match is not None and entry.name != current:
                with suppress(FileNotFoundError):  # another process was faster
                    found.append((entry.stat().st_mtime_ns, int(match[1]), entry.name))
        for _, _, name in sorted(found)[: max(0, len(found) + 1 - self._max_files)]:
            (self._folder / name).unlink(missing_ok=True)

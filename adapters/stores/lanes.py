"""Which processes hold slots in a table: each has a lane in its header, with a token that nobody had before it.

What a process holds is counted under its token. A lane is locked for as long as its process lives, by a byte-range lock
that the kernel gives back when it dies (`Stripes` tells of these). So whoever can lock the lane of another knows that
it is dead, and takes its token away: from then on nothing that it has held counts.
"""

from __future__ import annotations

import fcntl
import os
import secrets

BEGIN = 1024
"""Where the lanes begin, in bytes: behind what the table itself and the locks of its stripes need of the header."""
WIDTH = 8
LANES = 256
NOBODY = bytes(WIDTH)


class Lanes:
    """The lanes of the table in the file ``descriptor``, and this process' own.

    Raises:
        ValueError: All lanes are taken.
    """

    def __init__(self, descriptor: int, lanes: int = LANES) -> None:
        self._descriptor = descriptor
        self._lanes = lanes
        self._read = b""
        self._others: tuple[bytes, ...] = ()
        self.token = secrets.token_bytes(WIDTH)
        self._own = self._taken()

    def others(self) -> tuple[bytes, ...]:
        """Return the tokens of the other processes, some of which may have died."""
        read = os.pread(self._descriptor, self._lanes * WIDTH, BEGIN)
        if read != self._read:
            tokens = (read[at : at + WIDTH] for at in range(0, len(read), WIDTH))
            self._read, self._others = read, tuple(one for one in tokens if one not in (NOBODY, self.token))
        return self._others

    def bury(self) -> bool:
        """Take the tokens of processes away that have died. Says whether there were any."""
        found = False
        for lane in range(self._lanes):
            at = BEGIN + lane * WIDTH
            if lane != self._own and os.pread(self._descriptor, WIDTH, at) != NOBODY and self._lock(at):
                os.pwrite(self._descriptor, NOBODY, at)
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, at)
                found = True
        return found

    def _taken(self) -> int:
        """Take the first lane that no living process has."""
        for lane in range(self._lanes):
            at = BEGIN + lane * WIDTH
            if self._lock(at):
                os.pwrite(self._descriptor, self.token, at)
                return lane
        raise ValueError(f"{self._lanes} processes count in this table, and there is no room for more")

    def _lock(self, at: int) -> bool:
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, at)
        except (BlockingIOError, PermissionError):  # which of them is up to the system
            return False
        return True

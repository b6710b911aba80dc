"""Whether the terminal that a program was started at is still there."""

from __future__ import annotations

import os

TERMINAL = "/dev/tty"


class Terminal:
    """The controlling terminal, if there is one now.

    SIGHUP has two meanings: a terminal that was closed, which ends what was started there, and a message to a daemon.
    """

    def __init__(self) -> None:
        self._had = _is_there()

    def gone(self) -> bool:
        """Say whether there was one, and is no more."""
        return self._had and not _is_there()


def _is_there() -> bool:
    try:
        os.close(os.open(TERMINAL, os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True

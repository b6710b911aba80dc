"""The terminal that a program was started at, and whether it is still there.

A terminal that is closed says so by SIGHUP to the leader of its session alone. Who was started by that leader, and goes
on while it waits, as `make` does, has to look itself. https://man7.org/linux/man-pages/man2/TIOCSCTTY.2const.html
"""

from __future__ import annotations

import os
import select
import signal
import sys

import trio

TERMINAL = "/dev/tty"


class Terminal:
    """The controlling terminal, if there is one now.

    SIGHUP has two meanings: a terminal that was closed, which ends what was started there, and a message to a daemon.
    Who was started with SIGHUP ignored, as by `nohup`, outlives its terminal: for that one there is none. Make one
    before SIGHUP is handled.
    """

    def __init__(self) -> None:
        self._had = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN and _is_there()
        self._in_front = self._had and _is_in_front()

    def gone(self) -> bool:
        """Say whether there was one, and is no more."""
        return self._had and not _is_there()

    async def closed(self) -> None:
        """Wait until the terminal is gone that this was started in front of. A checkpoint.

        For ever where there is none, and on systems other than Linux. What runs in the background belongs to a shell,
        which sends it SIGHUP or has disowned it.
        """
        if sys.platform != "linux" or not self._in_front:
            await trio.sleep_forever()
        try:
            fd = os.open(TERMINAL, os.O_RDONLY | os.O_NOCTTY)
        except OSError:
            return  # since this was made
        try:
            with select.epoll() as events:
                # Edges only: what is typed here nobody reads, and it would wake us for ever.
                events.register(fd, select.EPOLLIN | select.EPOLLET)
                while not any(found & (select.EPOLLHUP | select.EPOLLERR) for _, found in events.poll(0)):
                    await trio.lowlevel.wait_readable(events.fileno())
        finally:
            os.close(fd)


def _is_there() -> bool:
    try:
        os.close(os.open(TERMINAL, os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _is_in_front() -> bool:
    """Say whether what is typed at the terminal goes to this process' group."""
    try:
        fd = os.open(TERMINAL, os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(fd)

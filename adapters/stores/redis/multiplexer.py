"""Keeps one link to a Redis up, for as long as it runs, and says at once when there is none.

Its states, and what a call finds in them:

* *joining*: the first attempt to connect, or the first one after a link that has broken. A call waits for its outcome,
  until that has taken as long as a reply may.
* *joined*: there is a link. A call goes through it.
* *away*: an attempt has failed, or the server was silent or slow. A call fails at once. Attempts go on in the
  background, after pauses that double from 50 ms to 1 s, each shortened by chance by up to half, so that many gateways
  do not all come at once. One that joins has seen the server answer within the time that a reply may take.

So a server that is away costs those who are waiting when it goes the time of one reply, and nobody after them anything.
It is joined again 1 s after it is back, and a bit, at the latest.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from math import inf
from random import Random
from typing import Any

import trio

from sluicegate.pipeline.errors import StoreUnavailable

from .address import Address
from .dial import dial
from .link import MAX_SLOTS, Link, LinkLost

log = logging.getLogger("sluicegate.stores")

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
STEADY = 1.0
"""Seconds for which a link has to hold, or what comes after it counts as the next failure in a row."""


class Multiplexer:
    """One connection to a Redis, used by all who ask.

    Args:
        name: What the store is called in messages and in the log.
        timeout: Seconds that a reply may take.
        random: For the pauses.
    """

    def __init__(self, name: str, address: Address, *, timeout: float, random: Random) -> None:
        self.name = name
        self.address = address
        self.timeout = timeout
        self._random = random
        self._link: Link | None = None
        self._away: str | None = None
        self._settled = trio.Event()
        self._waiting = 0
        self._hope_ends = inf
        self._left_at = inf

    def ask(self, command: bytes) -> Awaitable[object]:
        """Send a packed command and return its reply, which may be one of redis-py's errors. A checkpoint.

        One who is cancelled while waiting does not know whether the command was carried out.

        Raises:
            StoreUnavailable: There is no reply.
        """
        # Returned, not awaited: one coroutine less is a twentieth of all that a command costs.
        return self._ask_later(command) if self._link is None else self._link.ask(command)

    def unavailable(self, reason: str) -> StoreUnavailable:
        """Return the error that names the store and a reason."""
        return StoreUnavailable(f"store {self.name!r} cannot be used: {reason}", retry_after=LONGEST_PAUSE)

    async def run(self) -> None:
        """Connect, and connect again, for ever. A checkpoint."""
        failures = 0
        try:
            self._hope()
            while True:
                try:
                    link = await dial(self.address, self.timeout, _pushed, self.unavailable)
                    since = self._join(link)
                    await link.run()
                except LinkLost as lost:
                    if self._link is not None and trio.current_time() - since >= STEADY:
                        failures = 0
                        if not lost.hopeless:
                            self._hope()
                            continue
                    self._leave(str(lost))
                await trio.sleep(self._pause(failures))
                failures += 1
        finally:
            self._leave("the gateway is ending", tells=False)

    async def _ask_later(self, command: bytes) -> object:
        """Ask as soon as the attempt under way has made a link. A checkpoint."""
        if self._away is None and self._waiting < MAX_SLOTS:
            self._waiting += 1
            try:
                with trio.move_on_at(min(self._hope_ends, trio.current_time() + self.timeout)):
                    await self._settled.wait()
            finally:
                self._waiting -= 1
        else:
            await trio.lowlevel.checkpoint()
        if self._link is None:
            raise self.unavailable(self._away or "there is no connection yet")
        return await self._link.ask(command)

    def _hope(self) -> None:
        """Let those who come wait for the next attempt, for as long as a reply may take."""
        self._link, self._away = None, None
        if self._settled.is_set():  # else there are some who wait already
            self._settled = trio.Event()
        self._hope_ends = trio.current_time() + self.timeout

    def _join(self, link: Link) -> float:
        """Let those who wait use a link, and return the time."""
        now = trio.current_time()
        self._link, self._away = link, None
        self._settled.set()
        if self._left_at < inf:
            log.warning("store %s: %s is back after %.1f s", self.name, self.address, now - self._left_at)
            self._left_at = inf
        return now

    def _leave(self, reason: str, *, tells: bool = True) -> None:
        self._link, self._away = None, reason
        self._settled.set()
        if tells and self._left_at == inf:
            self._left_at = trio.current_time()
            log.warning("store %s: %s is away: %s", self.name, self.address, reason)

    def _pause(self, failures: int) -> float:
        pause = min(FIRST_PAUSE * 2.0 ** min(failures, 10), LONGEST_PAUSE)
        return pause * self._random.uniform(0.5, 1.0)


def _pushed(message: list[Any]) -> None:
    """Drop what the server tells of itself: nothing here has asked to be told."""
    log.debug("a push message of kind %r was dropped", message[:1])

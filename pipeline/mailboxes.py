"""One-slot channels through which workers hand exchanges back to their carriers, recycled: opening one takes 3 us."""

from __future__ import annotations

import trio

from .exchange import Exchange
from .hop import Hop

_Ends = tuple[trio.MemorySendChannel[Hop | None], trio.MemoryReceiveChannel[Hop | None]]


class Mailboxes:
    """A bounded pool of mailboxes. An exchange has one from admission to its end."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._free: list[_Ends] = []

    def lend(self, exchange: Exchange) -> None:
        """Give the exchange a mailbox that nobody else holds and nothing lies in."""
        exchange.mailbox, exchange.baton = self._free.pop() if self._free else trio.open_memory_channel[Hop | None](1)

    def take_back(self, exchange: Exchange) -> None:
        """Take the mailbox of an exchange that has ended, and throw away a baton it never read.

        No worker writes to it later: a worker looks at the state before it gives a baton.
        """
        mailbox, baton = exchange.mailbox, exchange.baton
        exchange.mailbox = exchange.baton = None
        if mailbox is None or baton is None:
            return
        if exchange.called:
            exchange.called = False
            baton.receive_nowait()
        if len(self._free) < self._most:
            self._free.append((mailbox, baton))

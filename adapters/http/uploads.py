"""How much of requests that are not complete yet is held: they are not admitted, and no key has been looked at.

Files are held for longer, until their requests have ended: in memory and on disk, within the same bounds.
"""

from __future__ import annotations

from sluicegate.pipeline.errors import Overloaded

from .sizes import size_text

FREE = 16 * 1024
"""Bytes of each body that count towards no budget: large bodies must not keep ordinary ones out."""


class Uploads:
    """The bodies that are coming in, counted.

    Args:
        most: How many there may be at once.
        room: Bytes that they may take together, beyond the first FREE of each.

    Attributes:
        count: How many there are.
        held: Bytes they take beyond what is free.
    """

    def __init__(self, most: int, room: int) -> None:
        self._most = most
        self._room = room
        self.count = 0
        self.held = 0

    def enter(self) -> None:
        """Count one more body. Raises Overloaded where there are as many as there may be."""
        if self.count >= self._most:
            raise Overloaded(f"the gateway is reading {self._most} requests, its limit", retry_after=1.0)
        self.count += 1

    def take(self, size: int) -> None:
        """Hold ``size`` more bytes. Raises Overloaded where there is no room for them."""
        if self.held + size > self._room:
            room = size_text(self._room)
            raise Overloaded(f"the requests that are coming in take {room} together, their limit", retry_after=1.0)
        self.held += size

    def release(self, size: int) -> None:
        """Let go of ``size`` bytes of a body that stayed after it had come."""
        self.held -= size

    def leave(self, held: int) -> None:
        """Count one body less, with what was held of it."""
        self.count -= 1
        self.held -= held

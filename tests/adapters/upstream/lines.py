"""Channels that nobody speaks through, for pools."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import trio

from sluicegate.adapters.upstream.pool import Pool
from sluicegate.adapters.upstream.routes import Route

A, B, C = (Route(name, 80) for name in "abc")


class FakeChannel:
    """A channel that nobody speaks through."""

    def __init__(self) -> None:
        self.closed = False
        self.waiting: bytes | None = None

    def receive_nowait(self) -> bytes | None:
        return self.waiting

    def close(self) -> None:
        self.closed = True


class Lines:
    """Dials, and remembers what it has dialled."""

    def __init__(self) -> None:
        self.channels: list[FakeChannel] = []
        self.pause: Callable[[], float] = lambda: 0.0
        self.broken = False

    async def dial(self, route: Route, seconds: float) -> FakeChannel:
        await trio.sleep(self.pause())
        if self.broken:
            raise httpx.ConnectError("broken")
        self.channels.append(FakeChannel())
        return self.channels[-1]

    @property
    def unclosed(self) -> int:
        return sum(not channel.closed for channel in self.channels)


def pool_of(lines: Lines, **limits: float) -> Pool:
    return Pool(lines.dial, **limits)  # type: ignore[arg-type]  # fakes and limits by name

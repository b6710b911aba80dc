"""Places in the pool, and those who wait for them."""

from __future__ import annotations

from collections import OrderedDict
from math import inf

import httpx
import trio

from .channel import Channel
from .routes import Route


class Connection:
    """A place in the pool, and the channel that fills it.

    Attributes:
        reused: Whether it has carried a request before.
        spoiled: Whether it must not carry another one.
        due: When the read under way is too late; for `Alarms`, as ``listed``.
        late: Whether a read was.
    """

    __slots__ = ("channel", "due", "idle_since", "late", "listed", "live", "reused", "route", "spoiled")

    def __init__(self, route: Route) -> None:
        self.route = route
        self.channel: Channel | None = None
        self.reused = False
        self.spoiled = False
        self.live = True
        self.idle_since = 0.0
        self.due = self.listed = inf
        self.late = False

    def expire(self) -> None:
        """Let the read under way fail. None may begin after it: the connection is lost."""
        self.late = True
        if self.channel is not None:
            self.channel.wake()

    def quiet(self) -> bool:
        """Say whether nothing has come since the last answer, as it should be."""
        try:
            return self.channel is not None and self.channel.receive_nowait() is None
        except httpx.ReadError:
            return False


class Waiter:
    """A task that waits for a place. The lower its ticket, the longer it has waited."""

    __slots__ = ("task", "ticket")

    def __init__(self, ticket: int) -> None:
        self.task = trio.lowlevel.current_task()
        self.ticket = ticket


class Host:
    """All that concerns one route: how many places it has, which are idle (the last one in at the end), who waits."""

    __slots__ = ("idle", "open", "route", "waiters")

    def __init__(self, route: Route) -> None:
        self.route = route
        self.open = 0
        self.idle: list[Connection] = []
        self.waiters: OrderedDict[Waiter, None] = OrderedDict()

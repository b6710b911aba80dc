"""The connections: which are open, which are idle, and who waits for one.

* A connection that is idle is on its route's stack, and the last one in is the first one out: so those that are not
  needed grow old. It is looked at before it is used: one that the other side has closed, or spoken on, is closed.
* There are limits on connections, to one route and in total. Who finds one reached waits, and the first to come is
  the first served, unless its own route is full. An idle connection never keeps a waiter from a new one.
* Between two checkpoints all of this is atomic, and a waiter that is cancelled is out of the queue before it can be
  given anything: nothing is handed over into the void.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import count
from math import inf
from typing import Protocol

import httpx
import outcome
import trio

from .alarms import Alarms
from .channel import Channel
from .places import Connection, Host, Waiter
from .routes import Route


class Dial(Protocol):
    """Opens a channel, as `Dialer.dial` does."""

    async def __call__(self, route: Route, seconds: float, /) -> Channel:
        """Return a channel to the route's host."""
        ...


class Pool:
    """Connections, shared by all.

    Args:
        dial: Opens a channel.
        limit: Connections open at once, in total.
        limit_per_route: To one route.
        keep_idle: Idle connections kept, in total.
        keep_idle_per_route: To one route.
        idle_time: Seconds that an idle connection is kept.

    Attributes:
        alarms: End the reads of its connections that take too long.
    """

    def __init__(
        self,
        dial: Dial,
        *,
        limit: int = 10_000,
        limit_per_route: int = 10_000,
        keep_idle: int = 256,
        keep_idle_per_route: int = 256,
        idle_time: float = 30.0,
    ) -> None:
        self.alarms = Alarms()
        self._dial = dial
        self._limit = limit
        self._limit_per_route = limit_per_route
        self._keep_idle = keep_idle
        self._keep_idle_per_route = keep_idle_per_route
        self._idle_time = idle_time
        self._hosts: dict[Route, Host] = {}
        self._all: set[Connection] = set()
        self._idle: OrderedDict[Connection, None] = OrderedDict()  # the longest idle first
        self._hungry: dict[Route, Host] = {}  # those with waiters
        self._tickets = count()
        self._closed = False
        self._sweeping = False

    @property
    def open(self) -> int:
        """Connections that are open or being opened."""
        return len(self._all)

    @property
    def idle(self) -> int:
        """Connections that are idle."""
        return len(self._idle)

    @property
    def waiting(self) -> int:
        """Tasks that wait for a connection."""
        return sum(len(host.waiters) for host in self._hungry.values())

    async def acquire(self, route: Route, *, connect: float = inf, wait: float = inf) -> Connection:
        """Return a connection; `release` or `discard` gives it back. A checkpoint where none is idle.

        Args:
            connect: Seconds that opening one may take.
            wait: Seconds to wait for a place.

        Raises:
            httpx.PoolTimeout: There was no place in time.
            httpx.TransportError: No connection could be opened.
        """
        connection = self.reused(route) or self._opened(route) or await self._waited(route, wait)
        if connection.channel is None:
            await self.fill(connection, connect)
        return connection

    async def fill(self, connection: Connection, connect: float) -> None:
        """Put a new channel into a place, instead of the one there. A checkpoint. If it fails, the place is free."""
        if connection.channel is not None:
            connection.channel.close()
            connection.channel = None
        connection.reused = False
        try:
            connection.channel = await self._dial(connection.route, connect)
        except BaseException:
            self.discard(connection)
            raise
        if not connection.live:
            connection.channel.close()
            raise httpx.ConnectError("the pool was closed")

    def release(self, connection: Connection) -> None:
        """Take back a connection whose answer is complete."""
        if not connection.live:
            return
        if connection.spoiled:
            self.discard(connection)
            return
        connection.reused = True
        host = self._hosts[connection.route]
        if self._hungry:
            first = self._first(host)
            if first is host:
                self._serve(host, connection)
                return
            if first is not None:
                self.discard(connection)
                return
        self._park(connection, host)

    def discard(self, connection: Connection) -> None:
        """Close a connection, and give its place to the next waiter. Safe to call twice."""
        if not connection.live:
            return
        connection.live = False
        self.alarms.forget(connection)
        if connection.channel is not None:
            connection.channel.close()
        self._all.discard(connection)
        host = self._hosts[connection.route]
        host.open -= 1
        self._forget_if_empty(host)
        if self._hungry:
            self._pass_on()

    def close(self) -> None:
        """Close every connection, at once. Those who wait for one are told; nobody gets one any more."""
        self._closed = True
        for host in list(self._hungry.values()):
            while host.waiters:
                waiter, _ = host.waiters.popitem(last=False)
                trio.lowlevel.reschedule(waiter.task, outcome.Error(_closed()))
        self._hungry.clear()
        self._idle.clear()
        for host in self._hosts.values():
            host.idle.clear()
        for connection in list(self._all):
            self.discard(connection)

    def sweep(self) -> None:
        """Close the connections that have been idle for too long."""
        oldest = trio.current_time() - self._idle_time
        while self._idle:
            connection = next(iter(self._idle))
            if connection.idle_since > oldest:
                return
            self._evict(connection)

    def reused(self, route: Route) -> Connection | None:
        """Return a connection that is idle, if there is one."""
        host = self._hosts.get(route)
        if host is None or not host.idle:
            return None
        oldest = trio.current_time() - self._idle_time
        while host.idle:
            connection = host.idle.pop()
            del self._idle[connection]
            if connection.idle_since > oldest and connection.quiet():
                return connection
            self.discard(connection)
        return None

    def _opened(self, route: Route) -> Connection | None:
        """Return a new place, if there is room for one."""
        if self._closed:
            raise _closed()
        host = self._hosts.get(route)
        if host is not None and host.open >= self._limit_per_route:
            return None
        if len(self._all) >= self._limit and self._idle:
            self._evict(next(iter(self._idle)))
        return self._place(route) if len(self._all) < self._limit else None

    def _place(self, route: Route) -> Connection:
        host = self._hosts.setdefault(route, Host(route))
        host.open += 1
        connection = Connection(route)
        self._all.add(connection)
        return connection

    async def _waited(self, route: Route, wait: float) -> Connection:
        host = self._hosts.setdefault(route, Host(route))
        waiter = Waiter(next(self._tickets))
        host.waiters[waiter] = None
        self._hungry[route] = host

        def abort(_: object) -> trio.lowlevel.Abort:
            del host.waiters[waiter]
            self._forget_if_empty(host)
            return trio.lowlevel.Abort.SUCCEEDED

        with trio.move_on_after(wait):
            connection: Connection = await trio.lowlevel.wait_task_rescheduled(abort)
            return connection
        raise httpx.PoolTimeout(f"no connection was free within {wait:g} s")

    def _first(self, releasing: Host | None) -> Host | None:
        """Return the host of the one who has waited longest among those who can be served now."""
        able = [host for host in self._hungry.values() if host is releasing or host.open < self._limit_per_route]
        return min(able, key=lambda host: next(iter(host.waiters)).ticket, default=None)

    def _pass_on(self) -> None:
        """Give a free place to the one who has waited longest."""
        if len(self._all) >= self._limit:
            return
        host = self._first(None)
        if host is not None:
            self._serve(host, self._place(host.route))

    def _serve(self, host: Host, connection: Connection) -> None:
        waiter, _ = host.waiters.popitem(last=False)
        if not host.waiters:
            del self._hungry[host.route]
        trio.lowlevel.reschedule(waiter.task, outcome.Value(connection))

    def _park(self, connection: Connection, host: Host) -> None:
        if not self._keep_idle or not self._keep_idle_per_route:
            self.discard(connection)
            return
        if len(host.idle) >= self._keep_idle_per_route:
            self._evict(host.idle[0])
        elif len(self._idle) >= self._keep_idle:
            self._evict(next(iter(self._idle)))
        connection.idle_since = trio.current_time()
        host.idle.append(connection)
        self._idle[connection] = None
        if not self._sweeping:
            self._sweeping = True
            # A pool has no nursery: it may be made before there is one, and outlive the task that uses it first.
            trio.lowlevel.spawn_system_task(self._keep_sweeping, name="sweep idle connections")

    def _evict(self, connection: Connection) -> None:
        del self._idle[connection]
        self._hosts[connection.route].idle.remove(connection)
        self.discard(connection)

    def _forget_if_empty(self, host: Host) -> None:
        if not host.waiters:
            self._hungry.pop(host.route, None)
            if not host.open and self._hosts.get(host.route) is host:
                del self._hosts[host.route]

    async def _keep_sweeping(self) -> None:
        """Sweep while anything is idle: one task for all connections, and none where there is nothing to sweep."""
        try:
            while self._idle:
                await trio.sleep_until(next(iter(self._idle)).idle_since + self._idle_time)
                self.sweep()
        finally:
            self._sweeping = False


def _closed() -> httpx.ConnectError:
    return httpx.ConnectError("the pool was closed")

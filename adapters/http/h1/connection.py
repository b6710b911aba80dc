"""One HTTP/1.x connection.

Its rules:

* One task reads, for as long as the connection lives. While a request is in flight a second one works: it runs the
  application, and then goes on to the next request if that has already been read.
* Only the worker writes while there is one; else only the reader does.
* One request is in flight at a time. What is read of later ones waits in a bounded buffer. With that, or the body's
  buffer, full nothing is read, and only the kernel can tell that the client has left.
* The end of input while a request is in flight counts as leaving: nobody can tell a half-closed connection from one
  whose client is gone. With `half_close` what has come whole is served on until a write fails.
* A request whose framing cannot be trusted is the last one of its connection.
* Times are kept by the sweep: it looks at `deadline`, and calls `expire`, which only marks, wakes or aborts.
"""

from __future__ import annotations

import logging
from math import inf

import trio

from .cycle import Cycle
from .edge import Edge, Phase
from .errors import BadHttp, ClientLeft, too_slow
from .head import UNREAD
from .parser import Parser, is_foreign, not_here
from .scope import Peers, scope_of
from .wire import Wire

log = logging.getLogger("sluicegate.http")


class Connection:
    """Serves one connection.

    Args:
        wire: Its bytes.
        edge: The server's.
        peers: Who talks to whom.

    Attributes:
        deadline: When `expire` is to be called, in seconds on trio's clock.
    """

    __slots__ = (
        "_alone",
        "_cycle",
        "_edge",
        "_late",
        "_parser",
        "_peers",
        "_phase",
        "_room",
        "_spare",
        "deadline",
        "wire",
    )

    def __init__(self, wire: Wire, edge: Edge, peers: Peers) -> None:
        self.wire = wire
        self.deadline = inf
        self._edge = edge
        self._peers = peers
        self._parser = Parser(edge.limits)
        self._cycle: Cycle | None = None
        self._late: BadHttp | None = None
        self._spare = 0
        self._room: trio.Event | None = None
        self._alone: trio.Event | None = None
        self._enter(Phase.IDLE, edge.idle_time)

    @property
    def closing(self) -> bool:
        """Whether an answer that begins now is the last one."""
        return self._edge.winding_up or self._edge.closing

    def _enter(self, phase: Phase, seconds: float = inf) -> None:
        self._phase = phase
        self.deadline = trio.current_time() + seconds if seconds != inf else inf

    async def run(self) -> bytes | None:
        """Serve to the end; return all bytes read and not served if they are for another protocol. A checkpoint."""
        foreign, half_closed = None, False
        try:
            while foreign is None:
                if self._crowded() and not await self._room_made():
                    break
                data = await self.wire.receive()
                if not data:
                    half_closed = self._edge.half_close
                    break
                foreign = self._read(data)
                data = b""  # or it would stay for as long as the connection is idle
        except ClientLeft:
            pass
        self.deadline = inf
        if foreign is None:
            await self._end(half_closed)
        return foreign

    def _read(self, data: bytes) -> bytes | None:
        """Deal with new bytes; return all if they are for another protocol."""
        if self._leaving:
            self._spend(len(data))
            return None
        parser = self._parser
        parser.feed(data)
        if parser.in_body:
            self._take_body()
        if self._cycle is None and not parser.in_body and not self._leaving:
            cycle = self._next()
            if cycle is not None:
                if cycle.foreign:
                    return parser.taken + parser.ahead
                self._edge.spawn(self._work, cycle)
        return None

    @property
    def _leaving(self) -> bool:
        return self._phase is Phase.LEAVING

    def _next(self) -> Cycle | None:
        """Begin the next request if its head is complete. If its head is wrong, the cycle holds the refusal."""
        parser = self._parser
        try:
            head = parser.head()
        except BadHttp as error:
            return self._unread(error)
        if head is None:
            # Neither time begins anew with each byte, nor with each of the empty lines that may precede a request.
            phase = Phase.HEAD if parser.ahead.strip(b"\r") else Phase.IDLE
            if self._phase is not phase:
                self._enter(phase, self._edge.limits.head_time if phase is Phase.HEAD else self._edge.idle_time)
            return None
        cycle = Cycle(head, scope_of(head, self._peers), self)
        cycle.foreign = is_foreign(head)
        if not cycle.foreign:
            self._cycle = cycle
            self._take_body()
        return cycle

    def _unread(self, error: BadHttp) -> Cycle:
        self._cycle = cycle = Cycle(UNREAD, {}, self)
        cycle.leave(error)
        self._spoil(error)
        return cycle

    def _take_body(self) -> None:
        """Hand on what has come of the body."""
        parser, cycle = self._parser, self._cycle
        try:
            part = parser.body()
        except BadHttp as error:
            self._spoil(error)
            if cycle is None:
                self._leave()
            else:
                cycle.leave(error)
            return
        if cycle is None:
            self._spend(len(part))
            return
        if part or not parser.in_body:
            cycle.take(part, complete=not parser.in_body)
        if parser.in_body:
            self._enter(Phase.BODY, self._edge.limits.body_time)
        else:
            self._enter(Phase.BUSY)

    def _spoil(self, error: BadHttp) -> None:
        """Trust no byte any more; read on only so that the client can read what it is told."""
        log.info("refused what came from %s: %s", self._peers.client, error.message)
        self._parser.drop()
        self._spare = self._edge.limits.unwanted
        self._enter(Phase.LEAVING)

    def _spend(self, count: int) -> None:
        """Forget unwanted bytes, within bounds."""
        self._spare -= count
        if self._spare < 0:
            self.wire.abort() if self._cycle is None else self.wire.stop_reading()

    def _crowded(self) -> bool:
        """Say whether reading has to stop until the application has come further."""
        cycle = self._cycle
        if cycle is None or self._leaving:
            return False
        if self._parser.in_body:
            return cycle.waiting >= self._edge.limits.body_ahead
        return len(self._parser.ahead) >= self._edge.limits.ahead

    async def _room_made(self) -> bool:
        """Wait until reading can go on; say whether the client has stayed for it."""
        self.deadline = inf
        while self._crowded():
            if self.wire.left():
                return False
            self._room = trio.Event()
            with trio.move_on_after(self._edge.limits.look):
                await self._room.wait()
        if self._phase is Phase.BODY:
            self._enter(Phase.BODY, self._edge.limits.body_time)
        return True

    def make_room(self) -> None:
        """Let the reader go on if it waits for the application."""
        if self._room is not None:
            self._room.set()
            self._room = None

    async def _end(self, half_closed: bool) -> None:
        """Come to the end of the input: half a request ends with it, and a whole one unless it is ``half_closed``."""
        if self._cycle is not None:
            if not half_closed or self._parser.in_body:
                self._cycle.leave(self._late)
            self._alone = trio.Event()
            await self._alone.wait()
        elif self._late is not None:
            with trio.move_on_after(self._edge.limits.linger_time):
                await self._unread(self._late).conclude()

    async def _work(self, first: Cycle) -> None:
        """Serve a request, and those that have been read by then."""
        cycle: Cycle | None = first
        try:
            while cycle is not None:
                if cycle.refusal is None:
                    await cycle.run(self._edge.app)
                await cycle.conclude()
                cycle = self._after(cycle)
        except Exception:  # nothing of one connection may reach another
            log.exception("connection of %s failed", self._peers.client)
            self.wire.abort()
        finally:
            self._cycle = None
            self.make_room()
            if self._alone is not None:
                self._alone.set()

    def _after(self, cycle: Cycle) -> Cycle | None:
        """Decide what follows an answer: the next request that is already there, more to read, or the end."""
        self._cycle = None
        goes_on = cycle.finished and cycle.framing.keep_alive and not cycle.gone and not self._edge.closing
        if not goes_on or self.wire.broken or self._leaving:
            self._leave(awaited=cycle.framing.ends_with_connection)
            return None
        if self._parser.in_body:
            self._spare = self._edge.limits.unwanted
            self._enter(Phase.UNWANTED, self._edge.limits.linger_time)
            return None
        following = self._next()
        if following is not None and following.foreign:
            following.foreign = False
            if following.scope["method"] == "PRI":
                following = self._unread(not_here())
            else:
                self._cycle = following  # an upgrade may be passed over
                self._take_body()
        if following is not None and self._alone is not None and self._parser.in_body:
            following.leave()  # the rest of its body will not come
        self.make_room()
        return following

    def _leave(self, *, awaited: bool = False) -> None:
        """End the connection, but let the client read what it has been sent: unread bytes would reset it."""
        if self.wire.broken:
            self.wire.abort()
            return
        self._parser.drop()
        self._spare = self._edge.limits.unwanted
        self._enter(Phase.LEAVING, self._edge.limits.linger_time)
        self.wire.finish(awaited=awaited)

    def expire(self) -> None:
        """End what has taken too long. The sweep calls it; nothing in here waits."""
        self.deadline = inf
        if self.wire.due <= trio.current_time() or self._phase in (Phase.UNWANTED, Phase.LEAVING):
            self.wire.abort()
            return
        limits = self._edge.limits
        if self._phase is Phase.HEAD:
            self._late = too_slow(f"the head was not complete after {limits.head_time:g} s")
        elif self._phase is Phase.BODY:
            self._late = too_slow(f"no byte of the body came for {limits.body_time:g} s")
        self.wire.stop_reading()

    def step_aside(self) -> None:
        """Leave the connection to another protocol; only its writes are timed from now on."""
        self._enter(Phase.BUSY)

    def wind_up(self) -> None:
        """End the connection after the next answer, or if no request comes for a while: it may be on its way now."""
        if self._phase is Phase.IDLE:
            self.deadline = min(self.deadline, trio.current_time() + self._edge.idle_time)

    def retire(self) -> None:
        """End the connection as soon as nothing is in flight; at once if nothing is."""
        if self._phase in (Phase.IDLE, Phase.HEAD, Phase.UNWANTED):
            self.wire.stop_reading()

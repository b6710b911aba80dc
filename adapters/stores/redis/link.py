"""One connection that many tasks use at once.

Its rules:

* Commands leave in the order in which they were asked, and replies come in that order; that is all that says which
  belongs to which (https://redis.io/docs/latest/develop/reference/protocol-spec/). So each command has a slot in one
  line, and who stops waiting leaves it there, empty: the reply that comes for it is dropped.
* Push messages, which may come between any two replies, take no slot.
* What was asked in the same tick of trio leaves in one piece.
* A slot that gets no reply in time fails alone, as long as replies keep coming. A server that owes a reply and has said
  nothing for that long, or was too slow for several in a row, fails them all: the link is over. So nobody stands in
  line behind what never comes.
* No order is known after a link has broken, so it is never mended.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf
from typing import Any

import hiredis
import trio
from hiredis import PushNotification
from outcome import Error, Outcome, Value
from redis.connection import DefaultParser
from redis.exceptions import ReadOnlyError
from trio.lowlevel import Abort, Task, checkpoint_if_cancelled, current_task, reschedule, wait_task_rescheduled

from sluicegate.pipeline.errors import StoreUnavailable

READ = 64 * 1024
"""Bytes that one read takes at most."""
MAX_SLOTS = 10_000
"""Commands that may wait for their replies; one more fails at once."""
MAX_UNSENT = 64 * 1024 * 1024
"""Bytes that may wait to be sent; what does not fit beside them fails at once."""
SLOW = 8
"""Replies in a row that were not there in time, after which the server counts as away."""
PAUSE = 0.002
"""Seconds between two looks for slots whose time is over, at least."""

NOTHING = object()
"""Stands for a reply that is not complete yet."""


class LinkLost(Exception):
    """The connection is over. The text says why, in words that hold no secret.

    Attributes:
        hopeless: Whether another connection would be no better, as far as anybody can tell.
    """

    def __init__(self, reason: str, *, hopeless: bool = False) -> None:
        super().__init__(reason)
        self.hopeless = hopeless


def new_reader() -> hiredis.Reader:
    """Return what makes replies of bytes; those that are errors are redis-py's own."""
    return hiredis.Reader(replyError=DefaultParser.parse_error, notEnoughData=NOTHING)


class _Slot:
    """A place in the line. ``task`` is None once nobody waits there any more."""

    __slots__ = ("due", "task")

    def __init__(self, task: Task, due: float) -> None:
        self.task: Task | None = task
        self.due = due

    def give(self, outcome: Outcome[object]) -> bool:
        """Wake who waits here with an outcome; return whether anybody did."""
        task = self.task
        if task is None:
            return False
        self.task = None
        reschedule(task, outcome)
        return True


class Link:
    """A connection to a server that has been greeted; `run` makes it work.

    Args:
        stream: The connection, which is the link's alone from now on.
        reader: What has read the greeting's replies.
        timeout: Seconds that a reply may take, from when its command leaves. A command that cannot leave for so long
            fails after twice as many.
        on_push: Is given each push message.
        unavailable: Makes an error of the reason for it.
    """

    def __init__(
        self,
        stream: trio.abc.Stream,
        reader: hiredis.Reader,
        timeout: float,
        on_push: Callable[[list[Any]], None],
        unavailable: Callable[[str], StoreUnavailable],
    ) -> None:
        self._stream = stream
        self._reader = reader
        self._timeout = timeout
        self._on_push = on_push
        self._unavailable = unavailable
        self._slots: deque[_Slot] = deque()
        self._unsent: list[bytes] = []
        self._unsent_slots: list[_Slot] = []
        self._unsent_bytes = 0
        self._owes_since = inf
        self._late = 0
        self._over: str | None = None
        self._writer: Task | None = None
        self._watcher: Task | None = None

    async def ask(self, command: bytes) -> object:
        """Send a packed command and return its reply, which may be one of redis-py's errors. A checkpoint.

        One who is cancelled before has asked nothing. One who is cancelled while waiting does not know whether the
        command was carried out.

        Raises:
            StoreUnavailable: There is no reply, or no room to wait for one.
        """
        await checkpoint_if_cancelled()
        if self._over is not None:
            raise self._unavailable(self._over)
        if len(self._slots) >= MAX_SLOTS:
            raise self._unavailable(f"{MAX_SLOTS} commands wait for replies already, the limit")
        if self._unsent_bytes + len(command) > MAX_UNSENT:
            raise self._unavailable(f"more than {MAX_UNSENT} bytes would wait to be sent, the limit")
        task = current_task()
        slot = _Slot(task, trio.current_time() + 2 * self._timeout)
        self._slots.append(slot)
        self._unsent.append(command)
        self._unsent_slots.append(slot)
        self._unsent_bytes += len(command)
        if self._writer is not None:
            reschedule(self._writer)
            self._writer = None

        def leave(_: object) -> Abort:
            slot.task = None
            return Abort.SUCCEEDED

        return await wait_task_rescheduled(leave)

    async def run(self) -> None:
        """Carry commands and replies until the link is over, or this is cancelled. All that wait then fail.

        A checkpoint.

        Raises:
            LinkLost: Always, unless it is cancelled.
        """
        lost = LinkLost("the connection was closed")
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write)
                nursery.start_soon(self._watch)
                await self._read()
        except* LinkLost as group:
            lost = next(one for one in group.exceptions if isinstance(one, LinkLost))
        finally:
            self._end(str(lost))
            await trio.aclose_forcefully(self._stream)
        raise lost

    def _end(self, reason: str) -> None:
        self._over = reason
        for slot in self._slots:
            slot.give(Error(self._unavailable(reason)))
        self._slots.clear()
        self._unsent.clear()

    async def _write(self) -> None:
        while True:
            if not self._unsent:
                await self._sleep_as_writer()
            batch = self._unsent[0] if len(self._unsent) == 1 else b"".join(self._unsent)
            now = trio.current_time()
            for slot in self._unsent_slots:
                slot.due = now + self._timeout
            self._unsent.clear()
            self._unsent_slots.clear()
            if self._owes_since == inf:
                self._owes_since = now
            if self._watcher is not None:
                reschedule(self._watcher)
                self._watcher = None
            try:
                await self._stream.send_all(batch)
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                raise LinkLost("the connection broke") from error
            self._unsent_bytes -= len(batch)

    async def _read(self) -> None:
        receive, reader, slots = self._stream.receive_some, self._reader, self._slots
        while True:
            try:
                data = await receive(READ)
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                raise LinkLost("the connection broke") from error
            if not data:
                raise LinkLost("the connection was closed by the server")
            reader.feed(bytes(data))
            try:
                self._hand_out(reader.gets)
            except hiredis.ProtocolError as error:
                raise LinkLost("the server has sent what is no reply") from error
            self._owes_since = trio.current_time() if slots else inf

    def _hand_out(self, gets: Callable[[], Any]) -> None:
        """Give all replies that are complete to those who wait for them."""
        slots = self._slots
        while (reply := gets()) is not NOTHING:
            kind = type(reply)
            if kind is PushNotification:
                self._on_push(reply)
                continue
            if not slots:
                raise LinkLost("the server has sent a reply that nobody has asked for")
            if slots.popleft().give(Value(reply)):
                self._late = 0
            if kind is ReadOnlyError:
                raise LinkLost("it has become a replica, which takes nothing to keep", hopeless=True)

    async def _watch(self) -> None:
        """Fail slots whose time is over, and the link when the server is as good as away."""
        while True:
            if not self._slots:
                await self._sleep_as_watcher()
            due = next((slot.due for slot in self._slots if slot.task is not None), inf)
            now = trio.current_time()
            # What has not left yet will be due sooner than it is now, once it has.
            due = min(due, self._owes_since + self._timeout, now + self._timeout)
            await trio.sleep_until(max(due, now + PAUSE))
            # The replies may have come while this program was busy with something else: let them be read.
            await trio.lowlevel.checkpoint()
            self._judge(trio.current_time())

    def _judge(self, now: float) -> None:
        told = f"there was no reply within {self._timeout:g} s"
        if self._owes_since + self._timeout <= now:
            raise LinkLost(told, hopeless=True)
        for slot in self._slots:
            if slot.due > now:
                break
            if slot.give(Error(self._unavailable(told))):
                self._late += 1
        if self._late >= SLOW:
            raise LinkLost(f"{SLOW} replies in a row took longer than {self._timeout:g} s", hopeless=True)

    async def _sleep_as_writer(self) -> None:
        def leave(_: object) -> Abort:
            self._writer = None
            return Abort.SUCCEEDED

        self._writer = current_task()
        await wait_task_rescheduled(leave)

    async def _sleep_as_watcher(self) -> None:
        def leave(_: object) -> Abort:
            self._watcher = None
            return Abort.SUCCEEDED

        self._watcher = current_task()
        await wait_task_rescheduled(leave)

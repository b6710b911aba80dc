"""One worker as the supervisor sees it: a process, the channel to it, and its last figures.

The process has a session of its own, so that no signal of a terminal reaches it: it obeys the supervisor alone.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import trio

from sluicegate.adapters.http.orders import Order
from sluicegate.adapters.telemetry.packing import Packed, Remembered
from sluicegate.pipeline.config.sections import ServerSettings

from .control import BadFrame, Channel
from .post import Post

log = logging.getLogger("sluicegate.workers")

STARTING = 60.0
"""Seconds in which a worker must take requests after its start."""
REAPING = 5.0
"""Seconds in which a worker must be gone after it has closed the channel."""


Question: TypeAlias = "Callable[[Employee, int], None]"
"""Called with a worker that wants to know something, and the number of its question."""


class Employee:
    """A worker that has been started.

    Args:
        process: Its process.
        settings: What the server in it works by.
        channel: The channel to it.
        ask: Called with this worker and a number when it wants the figures of all.
        wish: The same when it wants the configuration read anew.

    Attributes:
        ready: Set once it takes requests, or has ended without ever doing so.
        ended: Set once it has ended.
        serving: Whether it takes requests.
        dismissed: Whether it has been told to leave.
        figures: Its last figures.
        seen: The last `look` that its figures are an answer to.
    """

    def __init__(
        self, process: trio.Process, settings: ServerSettings, channel: Channel, *, ask: Question, wish: Question
    ) -> None:
        self.process = process
        self.settings = settings
        self.channel = channel
        self.ready = trio.Event()
        self.ended = trio.Event()
        self.serving = False
        self.dismissed = False
        self.figures = Remembered()
        self.seen = 0
        self.started = trio.current_time()
        self._ask = ask
        self._wish = wish
        self._news = trio.Event()

    def order(self, order: Order) -> None:
        """Tell it to leave. Never waits."""
        self.dismissed = True
        self.channel.post("order", lambda: int(order))

    def look(self, number: int) -> None:
        """Ask for fresh figures. Never waits."""
        self.channel.post("look", lambda: number)

    def tell(self, number: int, packed: Packed) -> None:
        """Answer its question of this number with the figures of all. Never waits."""
        self.channel.post("answer", lambda: [number, packed])

    def tell_reloaded(self, number: int, told: dict[str, Any]) -> None:
        """Answer its wish of this number with what became of it. Never waits."""
        self.channel.post("reloaded", lambda: [number, told])

    async def answered(self, number: int) -> None:
        """Wait until it has answered a `look`, or has ended. A checkpoint."""
        while self.seen < number and not self.ended.is_set():
            await self._news.wait()

    def kill(self) -> None:
        """End it on the spot, if it still runs. Never waits."""
        self.process.kill()

    async def work(self) -> None:
        """Listen to it until it has ended. A checkpoint."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.channel.send_posted)
            nursery.start_soon(self._time_the_start)
            try:
                await self.channel.receive_all(self._take)
            except BadFrame as error:
                log.error("worker %d is ended: it sent %s", self.process.pid, error)
                self.kill()
            nursery.cancel_scope.cancel()
        with trio.move_on_after(REAPING) as patience:
            await self.process.wait()
        if patience.cancelled_caught:
            self.kill()
            await self.process.wait()
        await self.channel.aclose()

    def close(self) -> None:
        """Wake all who wait for it: it has ended, and its figures have been taken over. Never waits."""
        self.serving = False
        self.ended.set()
        self.ready.set()
        self._tell()

    async def _time_the_start(self) -> None:
        with trio.move_on_after(STARTING):
            await self.ready.wait()
            return
        log.error("worker %d is ended: it took no requests within %g s of its start", self.process.pid, STARTING)
        self.kill()

    def _take(self, kind: str, value: Any) -> None:
        match kind:
            case "ready":
                self.serving = True
                self.ready.set()
            case "figures":
                self.seen, changes = value
                self.figures.take(changes)
                self._tell()
            case "ask":
                self._ask(self, value)
            case "reload":
                self._wish(self, value)

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()

    def end_in_words(self) -> str:
        """Say how it ended, such as ``was killed by SIGKILL``."""
        code = self.process.returncode
        if code is not None and code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with code {code}"


async def employ(command: Sequence[str], post: Post, *, ask: Question, wish: Question) -> Employee:
    """Start a worker. A checkpoint.

    Args:
        command: What to run; the number of its end of the channel is added.

    Raises:
        OSError: There is no room for another process.
    """
    data = post.dump()
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = await trio.lowlevel.open_process(
                [*command, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), *post.files),
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
            )
        except BaseException:
            ours.close()
            raise
    channel = Channel(trio.SocketStream(trio.socket.from_stdlib_socket(ours)))
    channel.post("post", lambda: data)
    return Employee(process, post.config.server, channel, ask=ask, wish=wish)

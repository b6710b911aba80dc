"""The simulator's transport: plays scripts in its own process, by trio's clock. It never opens a socket.

It ends its own waits: a script knows its times, so whether one comes too late is known before it is waited for.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import trio

from sluicegate.pipeline.errors import StreamInterrupted
from sluicegate.pipeline.heavy import compute
from sluicegate.pipeline.provider import UpstreamHead, UpstreamRequest

from .forms import read_form
from .play import Ending, Script
from .script import script_for, script_for_form, weight

if TYPE_CHECKING:
    from .translator import SimulatorSettings


class SimulatorTransport:
    """Answers requests itself."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self._settings = settings

    async def send(self, request: UpstreamRequest, *, connect: float) -> SimulatorResponse:
        """Return an answer once its head is due, as `send_by` without an end. A checkpoint."""
        return await self.send_by(request, connect=connect, due=inf)

    async def send_by(self, request: UpstreamRequest, *, connect: float, due: float) -> SimulatorResponse:
        """Return an answer once its head is due. A checkpoint. There is nothing to connect to.

        Args:
            due: When to give up, on trio's clock; for the response as well, until that is put off.

        Raises:
            trio.TooSlowError: The head is due later than that.
        """
        started = trio.current_time()
        settings, url, body = self._settings, request.url, request.body
        if request.upload is not None:
            script = script_for_form(settings, url, await read_form(request, settings.seed))
        else:
            script = await compute(weight(settings, url, body), script_for, settings, url, body)
        await _wait(started + script.head_at, due)
        return SimulatorResponse(script, started, due)

    async def aclose(self) -> None:
        """Do nothing: there is no connection."""
        await trio.lowlevel.checkpoint()


class SimulatorResponse:
    """A script while it is played.

    Args:
        started: When its request came, on trio's clock.
        due: When `receive` gives up, on trio's clock.
    """

    def __init__(self, script: Script, started: float, due: float) -> None:
        self._script = script
        self._started = started
        self._due = due
        self._next = 0
        self._closed = False
        self._head = UpstreamHead(script.status, {"content-type": script.media_type})

    @property
    def head(self) -> UpstreamHead:
        """Status and headers."""
        return self._head

    def put_off(self, due: float) -> None:
        """Let `receive` raise TooSlowError if nothing has come by ``due``, on trio's clock."""
        self._due = due

    async def receive(self) -> bytes:
        """Return all that is due by now, or wait for what comes next; ``b""`` at the end. A checkpoint.

        What is due already does not wait for other tasks, as what has come over a connection does not.

        Raises:
            StreamInterrupted: The script wants the connection to break here, or it was closed.
            trio.TooSlowError: Nothing comes until it gives up.
        """
        steps = self._script.steps
        if self._closed:
            raise StreamInterrupted("the answer of the simulator was closed before its end")
        if self._next == len(steps):
            return await self._end()
        now = trio.current_time()
        if (at := self._started + steps[self._next][0]) > now:
            await _wait(at, self._due)
            now = trio.current_time()
        else:
            await trio.lowlevel.checkpoint_if_cancelled()
        due: list[bytes] = []
        while self._next < len(steps) and self._started + steps[self._next][0] <= now:
            due.append(steps[self._next][1])
            self._next += 1
        return b"".join(due)

    async def aclose(self) -> None:
        """End the play. Safe to call twice. Not a checkpoint, since nothing is there to be closed."""
        self._closed = True

    async def _end(self) -> bytes:
        if self._script.ending is Ending.STALL:
            await _wait(inf, self._due)
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._script.ending is Ending.CUT:
            raise StreamInterrupted("the simulator broke off: cut_rate wants it")
        return b""


async def _wait(at: float, due: float) -> None:
    """Wait until ``at``. A checkpoint, which sets no timer where that is past.

    Raises:
        trio.TooSlowError: It is ``due`` before that, or at the same time.
    """
    now = trio.current_time()
    if max(at, now) >= due:
        await trio.sleep_until(due)
        raise trio.TooSlowError
    if at > now:
        await trio.sleep_until(at)
    else:
        await trio.lowlevel.checkpoint()

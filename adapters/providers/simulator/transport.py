"""The simulator's transport: plays scripts in its own process, by trio's clock. It never opens a socket."""

from __future__ import annotations

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
        """Return an answer once its head is due. A checkpoint. There is nothing to connect to."""
        started = trio.current_time()
        settings, url, body = self._settings, request.url, request.body
        if request.upload is not None:
            script = script_for_form(settings, url, await read_form(request, settings.seed))
        else:
            script = await compute(weight(settings, url, body), script_for, settings, url, body)
        await trio.sleep_until(started + script.head_at)
        return SimulatorResponse(script, started)

    async def aclose(self) -> None:
        """Do nothing: there is no connection."""
        await trio.lowlevel.checkpoint()


class SimulatorResponse:
    """A script while it is played. ``started`` is when its request came, on trio's clock."""

    def __init__(self, script: Script, started: float) -> None:
        self._script = script
        self._started = started
        self._next = 0
        self._closed = False
        self._head = UpstreamHead(script.status, {"content-type": script.media_type})

    @property
    def head(self) -> UpstreamHead:
        """Status and headers."""
        return self._head

    async def receive(self) -> bytes:
        """Return all that is due by now, or wait for what comes next; ``b""`` at the end. A checkpoint.

        Raises:
            StreamInterrupted: The script wants the connection to break here, or it was closed.
        """
        steps = self._script.steps
        if self._closed:
            raise StreamInterrupted("the answer of the simulator was closed before its end")
        if self._next == len(steps):
            return await self._end()
        await trio.sleep_until(self._started + steps[self._next][0])
        now = trio.current_time()
        due: list[bytes] = []
        while self._next < len(steps) and self._started + steps[self._next][0] <= now:
            due.append(steps[self._next][1])
            self._next += 1
        return b"".join(due)

    async def aclose(self) -> None:
        """End the play. Safe to call twice."""
        self._closed = True
        await trio.lowlevel.cancel_shielded_checkpoint()

    async def _end(self) -> bytes:
        if self._script.ending is Ending.STALL:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()
        if self._script.ending is Ending.CUT:
            raise StreamInterrupted("the simulator broke off: cut_rate wants it")
        return b""

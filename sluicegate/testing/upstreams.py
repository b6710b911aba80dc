"""An upstream that follows a script, in place of a socket."""

from __future__ import annotations

from collections.abc import Mapping

import trio

from sluicegate.pipeline.provider import UpstreamHead, UpstreamRequest


class ScriptedResponse:
    """An upstream's answer that follows a script: pairs of seconds to wait, and bytes to give or an error to raise.

    Args:
        script: What `receive` does, call by call; after it, the message is at its end.
        wait: Seconds until the head is there.

    Attributes:
        closed: When it was closed, on trio's clock, or None.
    """

    def __init__(
        self,
        *script: tuple[float, bytes | Exception],
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        wait: float = 0.0,
    ) -> None:
        self.head = UpstreamHead(status, headers if headers is not None else {"content-type": "application/json"})
        self.wait = wait
        self.closed: float | None = None
        self._script = iter(script)

    async def receive(self) -> bytes:
        """Return the next bytes of the script. A checkpoint."""
        for seconds, part in self._script:
            await trio.sleep(seconds)
            if isinstance(part, Exception):
                raise part
            return part
        await trio.lowlevel.checkpoint()
        return b""

    async def aclose(self) -> None:
        """Note when the caller let go. A checkpoint."""
        if self.closed is None:
            self.closed = trio.current_time()
        await trio.lowlevel.checkpoint()


class ScriptedTransport:
    """A transport that gives these answers, one a request, in order; an exception is raised in place of an answer.

    Attributes:
        requests: (time, request) of each one sent.
        connects: The time each of them had for connecting, in seconds.
    """

    def __init__(self, *answers: ScriptedResponse | Exception) -> None:
        self._answers = iter(answers)
        self.requests: list[tuple[float, UpstreamRequest]] = []
        self.connects: list[float] = []
        self.closed = False

    async def send(self, request: UpstreamRequest, *, connect: float) -> ScriptedResponse:
        """Return the next answer, after its own wait. A checkpoint."""
        self.requests.append((trio.current_time(), request))
        self.connects.append(connect)
        answer = next(self._answers, None)
        if answer is None:
            raise AssertionError(f"request {len(self.requests)} to {request.url} has no answer in the script")
        await trio.sleep(0.0 if isinstance(answer, Exception) else answer.wait)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def aclose(self) -> None:
        """Note that the gateway has ended. A checkpoint."""
        self.closed = True
        await trio.lowlevel.checkpoint()

"""What is lent to the gateway for a time, such as a token: had by the first request that needs it, and used by all.

* It is had in the task of the request that needs it, under that request's own deadline.
* One request asks at a time. While the old one still holds, the others go on with it.
* Where no new one can be had, the old one serves for as long as it holds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import trio

from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.provider import Transport, UpstreamHead, UpstreamRequest

T = TypeVar("T")

EARLY = 300.0
"""Seconds before its end that it is replaced."""
MAX_ANSWER = 64 * 1024
"""Bytes of an answer that are read; one that lends something has a thousand or two."""


class Leased(Generic[T]):
    """One thing that is lent, by whoever asks first.

    Args:
        lend: Asks for it, by a transport and the seconds that connecting may take. Returns it, and the moment on trio's
            clock when it ends. Raises UpstreamError where it cannot be had.
    """

    def __init__(self, lend: Callable[[Transport, float], Awaitable[tuple[T, float]]]) -> None:
        self._lend = lend
        self._asking = trio.Lock()
        self._held: tuple[T, float] | None = None

    async def get(self, shared: Transport, *, connect: float) -> T:
        """Return what holds. A checkpoint where it has to be asked for.

        Args:
            shared: Carries the request for it.
            connect: Seconds that opening a connection may take.

        Raises:
            UpstreamError: It could not be had.
        """
        held = self._held
        if held is not None and (_left(held) > EARLY or (_left(held) > 0 and self._asking.locked())):
            return held[0]
        async with self._asking:
            held = self._held
            if held is not None and _left(held) > EARLY:  # another request has had it meanwhile
                return held[0]
            try:
                held = self._held = await self._lend(shared, connect)
            except UpstreamError:
                if held is None or _left(held) <= 0:
                    raise
            return held[0]

    def drop(self, value: T) -> None:
        """Forget what was not accepted."""
        if self._held is not None and self._held[0] is value:
            self._held = None


def _left(held: tuple[object, float]) -> float:
    """Return the seconds that something still holds."""
    return held[1] - trio.current_time()


async def ask(request: UpstreamRequest, shared: Transport, connect: float) -> tuple[UpstreamHead, bytes]:
    """Return the head of an answer, and as much of its body as could be of use. A checkpoint.

    Raises:
        UpstreamError: There was none.
    """
    response = await shared.send(request, connect=connect)
    try:
        parts: list[bytes] = []
        size = 0
        while size < MAX_ANSWER and (data := await response.receive()):
            parts.append(data)
            size += len(data)
    finally:
        await response.aclose()
    return response.head, b"".join(parts)

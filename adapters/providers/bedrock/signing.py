"""Signs requests when they are sent: a signature holds for minutes only, and a request may be sent again after them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from sluicegate.pipeline.heavy import compute
from sluicegate.pipeline.provider import TimedResponse, TimedTransport, Transport, UpstreamRequest, UpstreamResponse

from .sigv4 import SIGNATURE, Signer


async def signed(signer: Signer, request: UpstreamRequest, wall: float) -> UpstreamRequest:
    """Return a request with a signature of this moment on it. A checkpoint if it is large.

    Args:
        signer: Makes it.
        wall: Seconds since the epoch.
    """
    return await compute(len(request.body), _signed, signer, request, wall)


def _signed(signer: Signer, request: UpstreamRequest, wall: float) -> UpstreamRequest:
    own = tuple(header for header in request.headers if header[0] not in SIGNATURE)
    made = signer.sign(request.method, request.url, own, request.body, wall)
    return msgspec.structs.replace(request, headers=(*own, *made))


class Signing:
    """Carries requests with a signature on them.

    Args:
        signer: Makes it.
        shared: The transport that carries requests.
        wall: Seconds since the epoch.
    """

    def __init__(self, signer: Signer, shared: Transport, wall: Callable[[], float]) -> None:
        self._signer = signer
        self._shared = shared
        self._wall = wall

    async def send(self, request: UpstreamRequest, *, connect: float) -> UpstreamResponse:
        """Send a request as its transport does, signed. A checkpoint."""
        return await self._shared.send(await signed(self._signer, request, self._wall()), connect=connect)

    async def aclose(self) -> None:
        """Close the transport that is shared: whoever closes one ends them all."""
        await self._shared.aclose()


class TimedSigning(Signing):
    """The same on top of a transport that ends its own waits. See `Signing` for its arguments."""

    def __init__(self, signer: Signer, shared: TimedTransport, wall: Callable[[], float]) -> None:
        super().__init__(signer, shared, wall)
        self._timed = shared

    async def send_by(self, request: UpstreamRequest, *, connect: float, due: float) -> TimedResponse:
        """Send a request as its transport does, signed. A checkpoint. Raises trio.TooSlowError when time is up."""
        made = await signed(self._signer, request, self._wall())
        return await self._timed.send_by(made, connect=connect, due=due)

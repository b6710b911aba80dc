"""Signs requests when they are sent: a signature holds for minutes only, and a request may be sent again after them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from sluicegate.pipeline.heavy import compute
from sluicegate.pipeline.provider import TimedResponse, TimedTransport, Transport, UpstreamRequest, UpstreamResponse

from .sigv4 import SIGNATURE, Signer


class Signing:
    """Carries requests with a signature of this moment on them.

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
        signed = await compute(len(request.body), self._signed, request)
        return await self._shared.send(signed, connect=connect)

    async def aclose(self) -> None:
        """Close the transport that is shared: whoever closes one ends them all."""
        await self._shared.aclose()

    def _signed(self, request: UpstreamRequest) -> UpstreamRequest:
        own = tuple(header for header in request.headers if header[0] not in SIGNATURE)
        made = self._signer.sign(request.method, request.url, own, request.body, self._wall())
        return msgspec.structs.replace(request, headers=(*own, *made))


class TimedSigning(Signing):
    """The same on top of a transport that ends its own waits. See `Signing` for its arguments."""

    def __init__(self, signer: Signer, shared: TimedTransport, wall: Callable[[], float]) -> None:
        super().__init__(signer, shared, wall)
        self._timed = shared

    async def send_by(self, request: UpstreamRequest, *, connect: float, due: float) -> TimedResponse:
        """Send a request as its transport does, signed. A checkpoint. Raises trio.TooSlowError when time is up."""
        signed = await compute(len(request.body), self._signed, request)
        return await self._timed.send_by(signed, connect=connect, due=due)

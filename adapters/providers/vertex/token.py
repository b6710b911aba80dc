"""Tokens of access: had for signed claims, and put on each request.

One that the API does not accept is dropped, and the request is sent once more with a new one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlencode

import msgspec
import trio

from sluicegate.pipeline.errors import GatewayError, UpstreamError, UpstreamRefused
from sluicegate.pipeline.provider import Transport, UpstreamRequest, UpstreamResponse

from ..leased import Leased, ask
from ..problem import read_problem
from ..secrets import Secrets
from .account import Signer

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_FORM = (("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"))


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float = 3600.0


_decode = msgspec.json.Decoder(_Granted).decode


class Tokens:
    """The tokens of one account.

    Args:
        provider: Its name, for messages.
        signer: Signs what is swapped for a token.
        url: Where they are had.
        secrets: Is told each token, so that no message shows it.
        wall: Seconds since the epoch.
    """

    def __init__(
        self, provider: str, signer: Signer, url: str, secrets: Secrets, *, wall: Callable[[], float] = time.time
    ) -> None:
        self._provider = provider
        self._signer = signer
        self._url = url
        self._secrets = secrets
        self._wall = wall
        self._leased = Leased(self._fetch)

    async def get(self, shared: Transport, *, connect: float) -> str:
        """Return a token that holds. A checkpoint where one has to be fetched.

        Args:
            shared: Carries the request for it.
            connect: Seconds that opening a connection may take.

        Raises:
            UpstreamRefused: The account is not accepted. UpstreamError: No token could be had.
        """
        return await self._leased.get(shared, connect=connect)

    def drop(self, token: str) -> None:
        """Forget a token that was not accepted."""
        self._leased.drop(token)

    async def _fetch(self, shared: Transport, connect: float) -> tuple[str, float]:
        form = {"grant_type": GRANT, "assertion": self._signer.assertion(self._wall())}
        request = UpstreamRequest("POST", self._url, _FORM, urlencode(form).encode("ascii"))
        asked = trio.current_time()
        head, body = await ask(request, shared, connect)
        if head.status != 200:
            raise self._error(head.status, body)
        try:
            granted = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            granted = _Granted("")
        if not (granted.access_token.isascii() and granted.access_token.isprintable() and granted.access_token):
            raise UpstreamError(f"provider {self._provider!r} was answered no token") from None
        self._secrets.add(granted.access_token)
        return granted.access_token, asked + granted.expires_in

    def _error(self, status: int, body: bytes) -> GatewayError:
        """Return the error for an answer that grants nothing; its description may quote what we sent, its name not."""
        problem = read_problem(body)
        name = problem.message if problem.message.replace("_", "").isalpha() and len(problem.message) < 40 else ""
        told = f"provider {self._provider!r} got no token ({status}{', ' + name if name else ''})"
        if 400 <= status < 500 and status not in (408, 429):
            return UpstreamRefused(told)
        return UpstreamError(told)


class Authorized:
    """Carries requests with a token on them.

    Args:
        tokens: Where it comes from.
        shared: The transport that carries requests, those for tokens too.
    """

    def __init__(self, tokens: Tokens, shared: Transport) -> None:
        self._tokens = tokens
        self._shared = shared

    async def send(self, request: UpstreamRequest, *, connect: float) -> UpstreamResponse:
        """Send a request as its transport does, with a token; once more if the token is not accepted. A checkpoint."""
        token = await self._tokens.get(self._shared, connect=connect)
        response = await self._shared.send(_with(request, token), connect=connect)
        if response.head.status != 401:
            return response
        await response.aclose()
        self._tokens.drop(token)
        token = await self._tokens.get(self._shared, connect=connect)
        return await self._shared.send(_with(request, token), connect=connect)

    async def aclose(self) -> None:
        """Close the transport that is shared: whoever closes one ends them all."""
        await self._shared.aclose()


def _with(request: UpstreamRequest, token: str) -> UpstreamRequest:
    headers = (*request.headers, ("authorization", f"Bearer {token}"))
    return msgspec.structs.replace(request, headers=headers)

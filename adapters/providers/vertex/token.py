"""Tokens of access: fetched with signed claims, kept while they hold, and put on each request.

* A token is fetched in the task of the request that needs it, under that request's own deadline.
* One request fetches at a time. While the old token still holds, the others go on with it.
* One that the API does not accept is dropped, and the request is sent once more with a new one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlencode

import msgspec
import trio

from sluicegate.pipeline.errors import GatewayError, UpstreamError, UpstreamRefused
from sluicegate.pipeline.provider import Transport, UpstreamRequest, UpstreamResponse

from ..problem import read_problem
from ..secrets import Secrets
from .account import Signer

EARLY = 300.0
"""Seconds before its end that a token is replaced."""
MAX_ANSWER = 64 * 1024
"""Bytes of an answer that are read; a token has a thousand or two."""
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
        self._fetching = trio.Lock()
        self._token = ""
        self._ends = 0.0

    async def get(self, shared: Transport, *, connect: float) -> str:
        """Return a token that holds. A checkpoint where one has to be fetched.

        Args:
            connect: Seconds that opening a connection may take.

        Raises:
            UpstreamRefused: The account is not accepted. UpstreamError: No token could be had.
        """
        if self._left() > EARLY or (self._left() > 0 and self._fetching.locked()):
            return self._token
        async with self._fetching:
            if self._left() > EARLY:  # another request has fetched it meanwhile
                return self._token
            try:
                await self._fetch(shared, connect)
            except UpstreamError:
                if self._left() <= 0:
                    raise
            return self._token

    def drop(self, token: str) -> None:
        """Forget a token that was not accepted."""
        if token == self._token:
            self._token = ""

    def _left(self) -> float:
        """Return the seconds that the token still holds."""
        return self._ends - trio.current_time() if self._token else 0.0

    async def _fetch(self, shared: Transport, connect: float) -> None:
        form = {"grant_type": GRANT, "assertion": self._signer.assertion(self._wall())}
        request = UpstreamRequest("POST", self._url, _FORM, urlencode(form).encode("ascii"))
        asked = trio.current_time()
        response = await shared.send(request, connect=connect)
        try:
            body = await _body(response)
        finally:
            await response.aclose()
        if response.head.status != 200:
            raise self._error(response.head.status, body)
        try:
            granted = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            granted = _Granted("")
        if not (granted.access_token.isascii() and granted.access_token.isprintable() and granted.access_token):
            raise UpstreamError(f"provider {self._provider!r} was answered no token") from None
        self._secrets.add(granted.access_token)
        self._token = granted.access_token
        self._ends = asked + granted.expires_in

    def _error(self, status: int, body: bytes) -> GatewayError:
        """Return the error for an answer that grants nothing; its description may quote what we sent, its name not."""
        problem = read_problem(body)
        name = problem.message if problem.message.replace("_", "").isalpha() and len(problem.message) < 40 else ""
        told = f"provider {self._provider!r} got no token ({status}{', ' + name if name else ''})"
        if 400 <= status < 500 and status not in (408, 429):
            return UpstreamRefused(told)
        return UpstreamError(told)


async def _body(response: UpstreamResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size < MAX_ANSWER and (data := await response.receive()):
        parts.append(data)
        size += len(data)
    return b"".join(parts)


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

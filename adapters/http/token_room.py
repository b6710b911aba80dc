"""The room where API keys are swapped for signed tokens, and tokens given back.

* ``POST /auth/token`` takes a key from where requests have it, or from a field ``api_key``, and answers as OAuth does
  (https://www.rfc-editor.org/rfc/rfc6749#section-5.1).
* ``POST /auth/revoke`` takes a token in the same way, or from a field ``token``, also in a form
  (https://www.rfc-editor.org/rfc/rfc7009). Having the token is all that it takes.
* Who tries one key after the other has to wait, and learns nothing meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, TypeVar
from urllib.parse import parse_qs

import msgspec
import trio
from msgspec import Meta

from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.directory import Tokens
from sluicegate.pipeline.errors import (
    ClientGone,
    DeadlineExceeded,
    GatewayError,
    InvalidRequest,
    NotFound,
    RateLimited,
    Unauthorized,
)
from sluicegate.pipeline.gateway import Gateway

from .credentials import take_credential
from .exchanges import SlowRequest
from .guard import Guard
from .throttle import Throttle, address_of
from .uploads import Uploads
from .visit import JSON, Visit

MAX_BODY = 32 * 1024
"""Bytes of a request's body: a token has at most half of that."""
PATIENCE = 10.0
"""Seconds that a body may take to come."""
PRIVATE = (b"cache-control", b"no-store")
CHALLENGE = (b"www-authenticate", b'Bearer realm="sluicegate"')
_Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Names = Annotated[tuple[_Name, ...], Meta(min_length=1, max_length=100)]


class Wish(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the body of a request for a token may have."""

    api_key: Secret | None = None
    expires_in: float | None = None
    permissions: _Names | None = None
    models: _Names | None = None


class GivenBack(msgspec.Struct, frozen=True):
    """What the body of a request to revoke a token may have; a ``token_type_hint`` makes no difference."""

    token: Secret | None = None


class Answer(msgspec.Struct, frozen=True):
    """What a token is given with."""

    access_token: str
    token_type: str
    expires_in: int


T = TypeVar("T")


class TokenRoom:
    """Answers for both paths.

    Args:
        gateway: Whose resources know tokens.
        guard: Keeps out web pages of other origins.
        uploads: The bodies that are coming in.
    """

    def __init__(self, gateway: Gateway, guard: Guard, uploads: Uploads) -> None:
        self._gateway = gateway
        self._guard = guard
        self._uploads = uploads
        self._throttle = Throttle()

    async def enter(self, visit: Visit, operation: str) -> None:
        """Answer one request. A checkpoint."""
        try:
            body = await (self._token(visit) if operation == "token" else self._revoke(visit))
        except ClientGone:
            raise
        except GatewayError as error:
            await visit.refuse(error, PRIVATE, *((CHALLENGE,) if error.status == 401 else ()))
        else:
            await visit.answer(200, [*JSON, PRIVATE], body)

    async def _token(self, visit: Visit) -> bytes:
        tokens = self._tokens(visit)
        if tokens.off:
            raise NotFound(tokens.off, code="tokens_off")
        with self._watched(visit):
            wish = _decoded(await self._read(visit) or b"{}", Wish)
            _, sent = take_credential(visit.headers)
            credential = sent or wish.api_key
            if not credential:
                message = "this request has no API key: send one as in all other requests, or as api_key in the body"
                raise Unauthorized(message)
            issued = tokens.issue(credential, seconds=wish.expires_in, operations=wish.permissions, models=wish.models)
        return msgspec.json.encode(Answer(str(issued.token), "Bearer", issued.seconds))

    async def _revoke(self, visit: Visit) -> bytes:
        tokens = self._tokens(visit)
        with self._watched(visit):
            body = await self._read(visit)
            if body.lstrip()[:1] in (b"", b"{"):  # curl says that all it sends is a form
                given = _decoded(body or b"{}", GivenBack).token or Secret("")
            else:
                given = Secret((parse_qs(body.decode("latin-1")).get("token") or [""])[0])
            token = given or take_credential(visit.headers)[1]
            if not token:
                raise InvalidRequest("this request has no token: send it as bearer, or as token in the body")
            # What is no token is no failure (RFC 7009, section 2.2): it is good for nothing, as was wanted.
            revoked = tokens.looks_like_one(token) and await tokens.revoke(token)
        return msgspec.json.encode({"revoked": revoked})

    def _tokens(self, visit: Visit) -> Tokens:
        """Return who knows tokens. Raises where there are none, or the visitor must not come in."""
        if (refusal := self._guard.refusal(visit.headers)) is not None:
            raise refusal
        tokens = self._gateway.resources.tokens
        if tokens is None:
            raise NotFound("signed tokens are off: auth.jwt has neither a secret nor issuers", code="tokens_off")
        return tokens

    @contextmanager
    def _watched(self, visit: Visit) -> Iterator[None]:
        """Count wrong keys by address. Raises RateLimited for one that has sent too many of them."""
        address = address_of(visit.scope)
        if wait := self._throttle.wait(address):
            message = "too many wrong keys came from this address"
            raise RateLimited(message, code="too_many_attempts", retry_after=wait)
        try:
            yield
        except Unauthorized:
            self._throttle.failed(address)
            raise

    async def _read(self, visit: Visit) -> bytes:
        try:
            with self._gateway.arrivals.under_way(trio.current_time() + PATIENCE):
                return await visit.inflow.read(MAX_BODY, self._uploads)
        except DeadlineExceeded as error:
            raise SlowRequest(f"the request was not complete after {PATIENCE:g} s") from error


def _decoded(body: bytes, kind: type[T]) -> T:
    """Return a body as what it should be. The message holds nothing of it, since it may hold a key."""
    try:
        return msgspec.json.decode(body, type=kind, dec_hook=_secret)
    except msgspec.ValidationError as error:
        at = str(error).rpartition(" - at `$.")[2].removesuffix("`") if " - at `$." in str(error) else None
        known = ", ".join(kind.__struct_fields__)  # type: ignore[attr-defined]  # both kinds are structs
        raise InvalidRequest(f"the body is not as it should be; it may have: {known}", param=at) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest("the body is not JSON") from None


def _secret(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError("expected text")

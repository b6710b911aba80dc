"""Find out who asks, by API key or signed token, and whether they may ask for this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, ClassVar

from msgspec import Meta

from sluicegate.pipeline.config.checks import Check, Checked, Fault, check
from sluicegate.pipeline.config.jwt_settings import JwtSettings
from sluicegate.pipeline.config.offer import Offer
from sluicegate.pipeline.directory import Known
from sluicegate.pipeline.errors import RateLimited, StageCrashed, Unauthorized
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.registry import stage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.schemas.decode import OPERATIONS
from sluicegate.pipeline.stage import Verdict

from .parts.keys import ApiKey, KeyTable, may_allow, refuse_unless_able, refuse_unless_allowed

CHALLENGE = ("www-authenticate", 'Bearer realm="sluicegate"')
"""What a 401 has to say: https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1."""
TOKEN_CHALLENGE = ("www-authenticate", 'Bearer realm="sluicegate", error="invalid_token"')
"""The same for a token: https://www.rfc-editor.org/rfc/rfc6750#section-3.1."""
TOO_MANY = "the API key of this request is not known here, and too many such keys came from this address"
HOW_TO_SEND = "send one as 'Authorization: Bearer <key>', or in x-api-key, api-key or x-goog-api-key"


@check("api_keys[].key")
def _told_apart(keys: Mapping[int, str]) -> Iterator[Fault]:
    """Refuse a key that is listed twice: which of its entries held would be a guess."""
    first: dict[str, int] = {}
    for at, key in keys.items():
        if (other := first.setdefault(key, at)) != at:
            yield Fault(("api_keys", at, "key"), f"is the same key as that of api_keys[{other}]")


@check("jwt", "api_keys[].key")
def _a_secret_of_its_own(jwt: JwtSettings, keys: Mapping[int, str]) -> Iterator[Fault]:
    """Refuse a secret that callers have: each of them could make tokens for all the others."""
    if jwt.secret and jwt.secret in keys.values():
        yield Fault(("jwt", "secret"), "is also an API key, which its owner knows")


class AuthSettings(Checked, kw_only=True, frozen=True):
    """Who may use the gateway."""

    checks: ClassVar[tuple[Check, ...]] = (_told_apart, _a_secret_of_its_own)

    enabled: Annotated[bool, Meta(description="false lets everybody pass, without a key.")] = True
    api_keys: Annotated[
        tuple[ApiKey, ...],
        Meta(description="The keys that callers may use. With none, requests need no key, on a loopback address only."),
    ] = ()
    jwt: Annotated[JwtSettings, Meta(description="Signed tokens, in place of keys.")] = JwtSettings()

    @property
    def asks(self) -> bool:
        """Whether requests need a key or token, whatever there is in the database."""
        return self.enabled and bool(self.api_keys or self.jwt.issuers)

    def unmet(self, offer: Offer) -> Iterator[Fault]:
        """Yield the allowed models that allow nothing, since there is no such model."""
        for at, issuer in enumerate(self.jwt.issuers if self.enabled else ()):
            for place, pattern in enumerate(issuer.models or ()):
                if not may_allow(pattern, offer):
                    yield Fault(("jwt", "issuers", at, "models", place), "is no model here", shown=pattern)
        for at, key in enumerate(self.api_keys if self.enabled else ()):
            for place, pattern in enumerate(key.allowed_models or ()):
                if not may_allow(pattern, offer):
                    yield Fault(("api_keys", at, "allowed_models", place), "is no model here", shown=pattern)

    def doubts(self) -> Iterator[str]:
        """Yield what is allowed and unwise about the keys."""
        for key in self.api_keys if self.enabled else ():
            yield from key.doubts()


@stage("auth", summary="Ask for an API key, and hold it to what it may use.", settings=AuthSettings)
class Auth:
    """Set ``exchange.caller``. Without keys, or with ``enabled: false``, every caller is the anonymous one.

    The keys of the configuration go before those of the directory, and both before tokens.

    Raises, in `judge` or `attend`:
        Unauthorized: The key or token is missing, unknown or not good any more.
        RateLimited: The key is unknown, and comes from where many unknown ones came from.
        Forbidden: The key may not ask for this operation or model.
        StageCrashed: The key has a list of models, and nothing before this stage has read which one is asked for.
        GatewayError: The directory cannot tell now whether it knows the key.
    """

    def __init__(self, settings: AuthSettings, resources: Resources) -> None:
        self._keys = KeyTable(settings.api_keys if settings.enabled else ())
        self._enabled = settings.enabled
        self._asks = settings.asks
        self._resources = resources

    def judge(self, exchange: Exchange) -> Verdict:
        """Let known callers pass. Not a checkpoint."""
        directory = self._resources.directory
        if not self._asks and not (self._enabled and directory.asks):
            return Verdict.PASS
        credential = exchange.request.credential
        if not credential:
            raise self._refusal(exchange, f"this request has no API key; {HOW_TO_SEND}")
        known = self._keys.find(credential) or directory.find(credential)
        if known is None:
            tokens = self._resources.tokens
            if tokens is None or not tokens.looks_like_one(credential):
                if wait := exchange.request.unknown_wait:
                    raise RateLimited(TOO_MANY, code="too_many_attempts", retry_after=wait)
                raise self._refusal(exchange, "the API key of this request is not known here")
            with _challenged(exchange):
                known = tokens.verify(credential)
            if known is None:
                return Verdict.WAIT
        return self._welcome(exchange, known)

    async def attend(self, exchange: Exchange) -> Verdict:
        """Let the bearer of a token pass once it is known whose it is. A checkpoint."""
        tokens = self._resources.tokens
        if tokens is None or not exchange.request.credential:
            raise StageCrashed("auth waits for a token, and there is none")
        with _challenged(exchange):
            known = await tokens.fetch(exchange.request.credential)
        return self._welcome(exchange, known)

    def _welcome(self, exchange: Exchange, known: Known) -> Verdict:
        """Let somebody known pass, as far as that is allowed."""
        caller = known.caller
        if known.refused is not None:
            raise self._refusal(exchange, f"API key {caller.key_name!r} {known.refused}")
        exchange.caller = caller
        request = exchange.request
        refuse_unless_able(caller, request)
        if caller.allowed_models is not None:
            if request.typed is None and request.operation in OPERATIONS:
                raise StageCrashed("auth cannot tell which model is asked for: it has to stand behind validate")
            if request.model:
                refuse_unless_allowed(caller, request.model)
        return Verdict.PASS

    @staticmethod
    def _refusal(exchange: Exchange, message: str) -> Unauthorized:
        exchange.headers.append(CHALLENGE)
        return Unauthorized(message)


@contextmanager
def _challenged(exchange: Exchange) -> Iterator[None]:
    """Let the answer say so if a token is good for nothing."""
    try:
        yield
    except Unauthorized:
        exchange.headers.append(TOKEN_CHALLENGE)
        raise

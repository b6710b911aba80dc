"""The gateway's own tokens. Each acts for an API key: what that may do is looked up whenever the token is used.

A token holds no key. One of the configuration it names by a mark that only this secret can make, so it ends when the
key is taken out of the configuration, and one that is made while the gateway runs by its id.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from sluicegate.pipeline.caller import Caller
from sluicegate.pipeline.config.jwt_settings import JwtSettings
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.directory import Directory, Issued, Known
from sluicegate.pipeline.errors import Forbidden, InvalidRequest, Unauthorized
from sluicegate.pipeline.patterns import covers, narrowed
from sluicegate.pipeline.request import Request

from .reading import CODE, Json, Parsed, refusal, text_of
from .signing import OWN, holds, secret_key, sign

ALL = "*"
SHORTEST = 1.0
"""Seconds that a token holds at least."""
_STATIC, _KEPT = "config:", "key:"


class StaticKey(NamedTuple):
    """A key of the configuration."""

    key: Secret
    caller: Caller
    enabled: bool


class Grant(NamedTuple):
    """What a token of ours says of its own: for whom it acts, and how far.

    Attributes:
        key: The mark of the key.
        operations: None for all that the key may.
    """

    key: str
    operations: frozenset[str] | None
    models: tuple[str, ...] | None


class OwnTokens:
    """Issues tokens, and knows them again.

    Args:
        settings: With a secret.
        keys: Those of the configuration.
        directory: Returns who knows all others.
        wall: Seconds since the epoch.

    Raises:
        ValueError: The secret is none that can be signed with.
    """

    def __init__(
        self,
        settings: JwtSettings,
        keys: Iterable[StaticKey],
        directory: Callable[[], Directory],
        wall: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._key = secret_key(settings.secret)
        self._mark = hmac.new(settings.secret.encode(), b"\0marks of API keys", hashlib.sha256).digest()
        self._static = {
            self._marked(key.key): Known(key.caller, None if key.enabled else "is disabled") for key in keys
        }
        self._directory = directory
        self._wall = wall

    def issue(
        self,
        credential: str,
        seconds: float | None,
        operations: tuple[str, ...] | None,
        models: tuple[str, ...] | None,
    ) -> Issued:
        """Return a token for a key. See `Tokens.issue`."""
        mark, known = self._found(credential)
        caller = known.caller
        most = self._settings.lifetime
        if known.expires is not None:
            most = min(most, known.expires - self._wall())
        if seconds is not None and not SHORTEST <= seconds <= most:
            message = f"expires_in is {seconds:g}, and can be {SHORTEST:g} to {math.floor(most)} seconds"
            raise InvalidRequest(message, param="expires_in")
        _refuse_more(caller, operations, models)
        now = math.floor(self._wall())
        lifetime = math.floor(most if seconds is None else seconds)
        claims: dict[str, Any] = {
            "iss": self._settings.issuer,
            "aud": self._settings.audience,
            "sub": caller.user or caller.key_name,
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "jti": secrets.token_urlsafe(16),
            "key_id": mark,
            "permissions": _listed(caller.allowed_operations if operations is None else operations),
            "models": _listed(caller.allowed_models if models is None else models),
        }
        if operations is not None or models is not None:
            claims["narrowed"] = True
        return Issued(Secret(sign(claims, self._key)), lifetime)

    def read(self, parsed: Parsed) -> Grant:
        """Return what a token grants. Raises Unauthorized where its signature is not ours."""
        if parsed.algorithm != OWN or not holds(parsed.text, self._key, OWN):
            raise refusal("is not signed by this gateway")
        claims = parsed.claims
        if claims.get("narrowed"):
            return Grant(text_of(claims, "key_id"), _set(claims, "permissions"), _tuple(claims, "models"))
        return Grant(text_of(claims, "key_id"), None, None)

    def known(self, mark: str) -> Known:
        """Return whose key a token acts for. Raises Unauthorized if that key is good for nothing now."""
        kept = mark.removeprefix(_KEPT)
        known = self._static.get(mark) if kept == mark else self._directory().known(kept)
        if known is None:
            raise refusal("acts for an API key that is not known here anymore")
        self._refuse(known, "the key of this token,", CODE)
        return known

    def _found(self, credential: str) -> tuple[str, Known]:
        """Return the mark of a key, and whose it is."""
        mark = self._marked(credential)
        known = self._static.get(mark)
        if known is None:
            known = self._directory().find(credential)
            if known is None:
                raise Unauthorized("the API key of this request is not known here")
            mark = _KEPT + known.caller.key_id
        self._refuse(known, "API key", Unauthorized.code)
        return mark, known

    def _refuse(self, known: Known, what: str, code: str) -> None:
        """Raise Unauthorized for a key that is good for nothing now."""
        why = known.refused
        if why is None and known.expires is not None and known.expires <= self._wall():
            why = "has expired"
        if why is not None:
            raise Unauthorized(f"{what} {known.caller.key_name!r} {why}", code=code)

    def _marked(self, key: str) -> str:
        digest = hmac.new(self._mark, key.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        return _STATIC + digest[:32]


def acting(caller: Caller, grant: Grant) -> Caller:
    """Return the caller as far as a token lets it act. One that is narrowed is never an admin's."""
    if grant.operations is None and grant.models is None:
        return caller
    operations = caller.allowed_operations
    if grant.operations is not None:
        # Each side may have named the kind, such as chat, or what belongs to it.
        inner = {one for one in grant.operations if _able(operations, one)}
        operations = tuple(sorted(inner.union(one for one in operations or () if _able(grant.operations, one))))
    return replace(
        caller,
        allowed_operations=operations,
        allowed_models=narrowed(caller.allowed_models, grant.models),
        role="caller",
    )


def _refuse_more(caller: Caller, operations: tuple[str, ...] | None, models: tuple[str, ...] | None) -> None:
    """Refuse a token for more than its key may do."""
    for one in operations or ():
        if not _able(caller.allowed_operations, one):
            message = f"this API key itself may not ask for operation {one[:40]!r}"
            raise Forbidden(message, code="operation_not_allowed", param="permissions")
    for pattern in models or ():
        if caller.allowed_models is not None and not covers(caller.allowed_models, pattern):
            raise Forbidden(f"this API key itself may not use model {pattern[:100]!r}", param="models")


def _able(allowed: Collection[str] | None, operation: str) -> bool:
    return allowed is None or operation in allowed or Request(operation).kind in allowed


def _listed(allowed: tuple[str, ...] | None) -> list[str]:
    return [ALL] if allowed is None else list(allowed)


def _tuple(claims: Json, name: str) -> tuple[str, ...] | None:
    value = claims.get(name)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise refusal(f"has no list {name!r}")
    return None if ALL in value else tuple(value)


def _set(claims: Json, name: str) -> frozenset[str] | None:
    value = _tuple(claims, name)
    return None if value is None else frozenset(value)

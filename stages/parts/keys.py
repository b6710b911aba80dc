"""API keys: what the configuration says of one, and a table that finds callers by key without keeping any key."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from sluicegate.pipeline.caller import Allowance, Caller, Limits, Subject
from sluicegate.pipeline.config.checks import Check, Checked, Fault, check
from sluicegate.pipeline.config.kinds import Rate, Secret, Spend
from sluicegate.pipeline.config.limit_sections import BudgetSettings, rates, spends
from sluicegate.pipeline.config.offer import Offer
from sluicegate.pipeline.config.wire_checks import UNSENDABLE
from sluicegate.pipeline.directory import Known
from sluicegate.pipeline.errors import Forbidden
from sluicegate.pipeline.patterns import matches
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.fields import MAX_NAME

MINUTE = 60.0
SHORT = 16
"""Characters below which a key can be guessed; the admin key has at least as many."""


@check("key")
def _presentable(key: str) -> Iterator[Fault]:
    """Refuse what no request can bring: the server reads headers as Latin-1, and without the spaces around them."""
    if key != key.strip():
        yield Fault(("key",), "begins or ends with white space, which no HTTP header keeps")
    elif not key.isprintable() or max(key, default="") > "\xff":
        yield Fault(("key",), UNSENDABLE)


class ApiKey(Checked, kw_only=True, frozen=True):
    """One key that callers may use."""

    checks: ClassVar[tuple[Check, ...]] = (_presentable,)

    key: Annotated[Secret, Meta(min_length=1, description="The key itself.")]
    name: Annotated[
        str, Meta(min_length=1, description="Whose it is. Keys of one name share limits and cached answers.")
    ]
    enabled: Annotated[bool, Meta(description="false refuses the key.")] = True
    rate_limit: Annotated[
        Annotated[int, Meta(ge=1)] | tuple[Rate, ...] | None,
        Meta(description="Requests per minute, or rates such as [10/s, 600/min], in place of the limit stage's own."),
    ] = None
    tokens: Annotated[
        tuple[Rate, ...] | None,
        Meta(description="Tokens, such as [200000/min], in place of the limit stage's own."),
    ] = None
    cost: Annotated[
        tuple[Spend, ...] | None,
        Meta(description="Money in a sliding time, such as [$5/h], in place of the limit stage's own."),
    ] = None
    concurrency: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Requests under way at once, in place of the limit stage's own."),
    ] = None
    budgets: Annotated[
        BudgetSettings,
        Meta(description="The most money that may be spent in a period, each in place of the limit stage's own."),
    ] = BudgetSettings()
    allowed_models: Annotated[
        tuple[str, ...] | None,
        Meta(description="The models it may ask for; * stands for any text, as in openai/*. Unset means all."),
    ] = None
    metadata: Annotated[dict[str, Any], Meta(description="Anything else about the key; goes to the access log.")] = (
        msgspec.field(default_factory=dict)
    )

    def doubts(self) -> Iterator[str]:
        """Yield what is allowed and unwise about the key."""
        if len(self.key) < SHORT:
            yield f"API key {self.name!r} has {len(self.key)} characters: one of fewer than {SHORT} can be guessed"


def caller_of(key: ApiKey) -> Caller:
    """Return who asks with this key."""
    limits: Limits | None = None
    if isinstance(key.rate_limit, int):
        limits = ((key.rate_limit, MINUTE),)
    elif key.rate_limit is not None:
        limits = rates(key.rate_limit)
    allowance = Allowance(
        requests=limits,
        tokens=None if key.tokens is None else rates(key.tokens),
        cost=None if key.cost is None else spends(key.cost),
        concurrency=key.concurrency,
        budgets=key.budgets.budgets(),
    )
    return Caller(
        tenant=key.name,
        key_name=key.name,
        allowed_models=key.allowed_models,
        key_id=key.name,
        subjects=(Subject("key", key.name, key.name, allowance),),
        metadata=key.metadata,
    )


def allows(patterns: tuple[str, ...] | None, model: str) -> bool:
    """Say whether a caller with these allowed models may ask for ``model``, by the name in its request."""
    return patterns is None or any(matches(pattern, model) for pattern in patterns)


def may_allow(pattern: str, offer: Offer) -> bool:
    """Say whether any model that there is may be asked for by a name of this pattern."""
    first, star, _ = pattern.partition("*")
    for provider in offer.providers:  # any model of a provider will do
        prefix = f"{provider}/"
        if (first.startswith(prefix) and pattern != prefix) or (star and prefix.startswith(first)):
            return True
    by_one = offer.any_name and pattern and "/" not in pattern
    return bool(by_one) or any(matches(pattern, model) for model in offer.models)


def refuse_unless_allowed(caller: Caller, model: str) -> None:
    """Raise Forbidden where a caller may not ask for ``model``."""
    if not allows(caller.allowed_models, model):
        who = f"API key {caller.key_name!r}" if caller.key_name else "this caller"
        raise Forbidden(f"{who} may not use model {model[:MAX_NAME]!r}", param="model")


def refuse_unless_able(caller: Caller, request: Request) -> None:
    """Raise Forbidden where a caller may not ask for an operation. ``chat`` stands for chats in every dialect."""
    allowed = caller.allowed_operations
    if allowed is not None and request.operation not in allowed and request.kind not in allowed:
        who = f"API key {caller.key_name!r}" if caller.key_name else "this caller"
        raise Forbidden(f"{who} may not ask for operation {request.operation!r}", code="operation_not_allowed")


class KeyTable:
    """Known keys by their digests.

    A digest is keyed with random bytes of this table's own, so that nobody outside can choose a key whose digest comes
    close to a known one: the time that a look-up takes tells nothing.

    Args:
        keys: All different, as `AuthSettings` sees to.
    """

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        self._salt = secrets.token_bytes(32)
        self._known: dict[bytes, tuple[bytes, Known]] = {}
        for key in keys:
            digest = self._digest(key.key)
            self._known[digest] = digest, Known(caller_of(key), None if key.enabled else "is disabled")

    def __len__(self) -> int:
        return len(self._known)

    def find(self, credential: str) -> Known | None:
        """Return whose a key is, or None."""
        digest = self._digest(credential)
        found = self._known.get(digest)
        if found is None or not hmac.compare_digest(found[0], digest):
            return None
        return found[1]

    def _digest(self, key: str) -> bytes:
        # A credential is whatever a client sent; no text may fail to be looked up.
        return blake2b(key.encode("utf-8", "surrogatepass"), key=self._salt, digest_size=32).digest()

"""A target while its plan is walked: with which key it is asked, and when it may be asked again."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial

import trio

from sluicegate.pipeline.breaker import Breaker
from sluicegate.pipeline.errors import GatewayError, UpstreamBusy, UpstreamTimeout
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.heavy import compute
from sluicegate.pipeline.passing import KEPT
from sluicegate.pipeline.provider import Provider, UpstreamRequest
from sluicegate.pipeline.retry import RetryBudget

from .asked import is_the_callers_matter, with_callers_key
from .attempt_record import Spared
from .failure import left_alone


@dataclass(slots=True)
class Candidate:
    """A target while its plan is walked.

    Attributes:
        again: When it may be asked again, None for never.
        asked: Its provider, with the key that is used.
        spared: Told of a failure, says whether that is a matter of the key alone, and none of the provider's.
        key: Which of several it is.
    """

    target: Target
    provider: Provider
    breaker: Breaker
    budget: RetryBudget
    tries: int = 0
    again: float | None = None
    asked: Provider | None = None
    spared: Spared | None = None
    key: int | None = None
    error: GatewayError | None = None


def encoded(exchange: Exchange, candidate: Candidate) -> Awaitable[UpstreamRequest]:
    """Settle with which key the target is asked, and return what to send. To be awaited at once.

    Raises:
        InvalidRequest: The provider cannot be asked for it. Unauthorized: The caller brought no key for it.
    """
    asked = provider = candidate.provider
    if provider.keys is not None or provider.with_key is not None or exchange.request.provider_keys:
        asked = _with_key(exchange, candidate)
    return compute(len(exchange.request.body), asked.translator.encode, exchange, candidate.target)


def _with_key(exchange: Exchange, candidate: Candidate) -> Provider:
    """Return a target's provider with the caller's own key, or with that one of its several whose turn it is.

    Files and batches have the first key always: they are only there for the account that made them.
    """
    provider = candidate.provider
    asked = with_callers_key(exchange, provider)
    if asked is not None:
        candidate.spared = is_the_callers_matter
    elif provider.keys is not None:
        one_account = exchange.request.operation in KEPT
        asked = provider.keys.providers[0] if one_account else provider.keys.pick(trio.current_time())
        candidate.spared = partial(provider.keys.failed, asked)
        candidate.key = provider.keys.number_of(asked)
    candidate.asked = asked
    return asked or provider


def left_alone_now(candidate: Candidate) -> GatewayError:
    breaker = candidate.breaker
    return candidate.error or left_alone(
        candidate.provider.name, breaker.failures, breaker.retry_after(trio.current_time())
    )


def others_first(error: GatewayError) -> bool:
    """Say whether asking the same target again would cost time that another target may not need."""
    return error.retry_after is not None or isinstance(error, UpstreamBusy | UpstreamTimeout)


def soonest_of(candidates: list[Candidate]) -> Candidate | None:
    """Return the target that may be asked again first; of equals, the first of the plan."""
    ready = [each for each in candidates if each.again is not None]
    return min(ready, key=lambda each: each.again or 0.0, default=None)


async def may_repeat(candidate: Candidate) -> bool:
    """Wait until the target may be asked again, unless it may not or the budget is spent. A checkpoint if so."""
    if candidate.again is None or not candidate.budget.withdraw(trio.current_time()):
        candidate.again = None
        return False
    await trio.sleep_until(candidate.again)
    return True

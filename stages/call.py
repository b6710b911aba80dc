"""`call`: walk the plan, target by target, until one of them answers.

Until the first content leaves, a failure stays invisible: the same target is asked again, or the next one. A fault of
the caller's own ends the walk at once, since no target would answer better. Everything happens under the exchange's one
deadline, and nothing is waited for that would come after it.

A target that fails quickly is asked again before the walk goes on. One that asks for patience, or that was silent until
a timeout, is left for the others first; if they fail too, then whichever is ready soonest is asked again.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import msgspec
import trio
from msgspec import Meta

from sluicegate.pipeline.breaker import Breaker, BreakerState
from sluicegate.pipeline.config.kinds import Share, Size
from sluicegate.pipeline.errors import (
    GatewayError,
    InvalidRequest,
    StageCrashed,
    Unauthorized,
    UnsupportedEndpoint,
    UpstreamBusy,
    UpstreamRefused,
    UpstreamTimeout,
)
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.heavy import compute
from sluicegate.pipeline.keyring import is_about_the_key
from sluicegate.pipeline.pricing import Price
from sluicegate.pipeline.provider import Provider, UpstreamRequest
from sluicegate.pipeline.registry import stage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.retry import PATIENCE, RetryBudget, backoff
from sluicegate.pipeline.stage import Verdict

from .parts.asked import check_callers_keys, is_the_callers_matter, refused_key, with_callers_key
from .parts.attempt import attempt
from .parts.attempt_record import AttemptRecord, Spared
from .parts.failure import left_alone, most_telling
from .parts.token_count import reply_with_estimate, to_be_estimated


class CallSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How providers are called; what differs between them stands in their own sections."""

    commit_buffer: Annotated[
        Size,
        Meta(
            ge=1,
            description="Bytes of a stream to hold back while waiting for its first content; one event may exceed it.",
        ),
    ] = 64 * 1024
    max_reply: Annotated[Size, Meta(ge=1, description="The largest plain answer to take from a provider.")] = (
        64 * 1024 * 1024
    )
    retry_budget: Annotated[
        Share, Meta(description="Repetitions of calls to one provider, as a share of all calls to it; 0 for none.")
    ] = 0.2


@dataclass(slots=True)
class _Candidate:
    """A target while its plan is walked.

    Attributes:
        again: When it may be asked again, None for never.
        asked: Its provider, with the key that is used.
        spared: Told of a failure, says whether that is a matter of the key alone, and none of the provider's.
    """

    target: Target
    provider: Provider
    breaker: Breaker
    budget: RetryBudget
    tries: int = 0
    again: float | None = None
    asked: Provider | None = None
    spared: Spared | None = None
    error: GatewayError | None = None


@stage("call", summary="Calls the plan's targets until one answers.", settings=CallSettings)
class Call:
    """Walks the plan. Each target is asked, asked again where that may help, and then left for the next."""

    def __init__(self, settings: CallSettings, resources: Resources) -> None:
        self._settings = settings
        self._resources = resources
        self._budgets = {name: RetryBudget(settings.retry_budget) for name in resources.providers}

    async def attend(self, exchange: Exchange) -> Verdict:
        """Set the exchange's reply. A checkpoint.

        Raises:
            GatewayError: What the targets answered, or the first fault that is the caller's.
        """
        if exchange.plan is None or not exchange.plan.targets:
            raise StageCrashed("no stage before `call` has made a plan")
        if exchange.request.provider_keys:
            check_callers_keys(exchange, self._resources.providers)
        candidates = [self._candidate(target) for target in exchange.plan.targets]
        for candidate in candidates:
            if await self._ask(exchange, candidate):
                return Verdict.REPLY
        while (soonest := _soonest(candidates)) is not None:
            if await _may_repeat(soonest) and await self._ask(exchange, soonest):
                return Verdict.REPLY
        raise most_telling([(each.target, each.error) for each in candidates if each.error is not None])

    def _candidate(self, target: Target) -> _Candidate:
        name = target.provider
        return _Candidate(target, self._resources.providers[name], self._resources.breakers[name], self._budgets[name])

    async def _ask(self, exchange: Exchange, candidate: _Candidate) -> bool:
        """Ask a target, as often as may help at once. Return whether there is a reply."""
        candidate.again = None
        if to_be_estimated(exchange, candidate.provider):
            await reply_with_estimate(exchange)
            return True
        try:
            if exchange.request.kind not in candidate.provider.operations:
                raise UnsupportedEndpoint.of(candidate.provider.name, exchange.request.kind)
            request = await _encoded(exchange, candidate)
        except (InvalidRequest, Unauthorized) as error:
            candidate.error = error  # not for this provider; another one's API may have it
            return False
        while True:
            candidate.error = failure = await self._try(exchange, candidate, request)
            if failure is None:
                return True
            if candidate.spared is is_the_callers_matter and isinstance(failure, UpstreamRefused):
                raise refused_key(candidate.provider.name) from failure
            if not failure.moves_on:
                raise failure
            if exchange.request.passing is None and self._may_change_keys(candidate, failure):
                request = await _encoded(exchange, candidate)
                continue
            candidate.again = None if exchange.request.once else self._again(candidate, failure, exchange.deadline)
            if _others_first(failure) or not await _may_repeat(candidate):
                return False

    def _may_change_keys(self, candidate: _Candidate, failure: GatewayError) -> bool:
        """Say whether to ask again at once, with another key than the one that has just failed."""
        keys = candidate.provider.keys
        if keys is None or candidate.spared in (None, is_the_callers_matter) or not is_about_the_key(failure):
            return False
        now = trio.current_time()
        may = candidate.tries <= candidate.provider.settings.max_retries and keys.resting(now) < len(keys)
        return may and candidate.budget.withdraw(now)

    async def _try(self, exchange: Exchange, candidate: _Candidate, request: UpstreamRequest) -> GatewayError | None:
        """Make one attempt, if the breaker lets it. An attempt that it does not let has no row."""
        now = trio.current_time()
        breaker = candidate.breaker
        ticket = breaker.admit(now)
        if ticket is None:
            return candidate.error or left_alone(candidate.provider.name, breaker.failures, breaker.retry_after(now))
        if not candidate.tries:
            candidate.budget.deposit(now)
        candidate.tries += 1
        settings = self._settings
        pricing = partial(self._price, candidate)
        record = AttemptRecord(exchange, candidate.target, breaker, ticket, candidate.spared, pricing)
        try:
            await attempt(
                record,
                candidate.asked or candidate.provider,
                request,
                commit_buffer=settings.commit_buffer,
                max_reply=settings.max_reply,
            )
        except GatewayError as error:
            return error
        return None

    def _price(self, candidate: _Candidate) -> Price | None:
        """Return what the target costs now, if that is known."""
        resources = self._resources
        provider, target = candidate.provider, candidate.target
        return resources.prices.of(provider.type, provider.name, target.model, resources.wall())

    def _again(self, candidate: _Candidate, error: GatewayError, deadline: float) -> float | None:
        """Return when the target may be asked again, or None if that cannot help or would be too late."""
        settings = candidate.provider.settings
        now = trio.current_time()
        if not error.retryable or candidate.tries > settings.max_retries:
            return None
        if candidate.breaker.state(now) is not BreakerState.CLOSED:
            return None
        asked = error.retry_after or 0.0
        # Jitter comes on top of what was asked for: never earlier, and not all at once.
        again = now + asked + backoff(candidate.tries, settings.retry_delay, self._resources.random)
        return again if asked <= PATIENCE and again < deadline else None


def _encoded(exchange: Exchange, candidate: _Candidate) -> Awaitable[UpstreamRequest]:
    """Settle with which key the target is asked, and return what to send. To be awaited at once.

    Raises:
        InvalidRequest: The provider cannot be asked for it. Unauthorized: The caller brought no key for it.
    """
    asked = provider = candidate.provider
    if provider.keys is not None or provider.with_key is not None or exchange.request.provider_keys:
        asked = _with_key(exchange, candidate)
    return compute(len(exchange.request.body), asked.translator.encode, exchange, candidate.target)


def _with_key(exchange: Exchange, candidate: _Candidate) -> Provider:
    """Return a target's provider with the caller's own key, or with that one of its several whose turn it is.

    Files and batches have the first key always: they are only there for the account that made them.
    """
    provider = candidate.provider
    asked = with_callers_key(exchange, provider)
    if asked is not None:
        candidate.spared = is_the_callers_matter
    elif provider.keys is not None:
        one_account = exchange.request.operation in ("files", "batches")
        asked = provider.keys.providers[0] if one_account else provider.keys.pick(trio.current_time())
        candidate.spared = partial(provider.keys.failed, asked)
    candidate.asked = asked
    return asked or provider


def _others_first(error: GatewayError) -> bool:
    """Say whether asking the same target again would cost time that another target may not need."""
    return error.retry_after is not None or isinstance(error, UpstreamBusy | UpstreamTimeout)


def _soonest(candidates: list[_Candidate]) -> _Candidate | None:
    """Return the target that may be asked again first; of equals, the first of the plan."""
    ready = [each for each in candidates if each.again is not None]
    return min(ready, key=lambda each: each.again or 0.0, default=None)


async def _may_repeat(candidate: _Candidate) -> bool:
    """Wait until the target may be asked again, unless it may not or the budget is spent. A checkpoint if so."""
    if candidate.again is None or not candidate.budget.withdraw(trio.current_time()):
        candidate.again = None
        return False
    await trio.sleep_until(candidate.again)
    return True

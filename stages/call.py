"""`call`: walk the plan, target by target, until one of them answers.

Until the first content leaves, a failure stays invisible: the same target is asked again, or the next one. A fault of
the caller's own ends the walk at once, since no target would answer better. Everything happens under the exchange's one
deadline, and nothing is waited for that would come after it.

A target that fails quickly is asked again before the walk goes on. One that asks for patience, or that was silent until
a timeout, is left for the others first; if they fail too, then whichever is ready soonest is asked again.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

import msgspec
import trio
from msgspec import Meta

from sluicegate.pipeline.breaker import BreakerState
from sluicegate.pipeline.config.kinds import Share, Size
from sluicegate.pipeline.config.store_settings import MEMORY
from sluicegate.pipeline.errors import (
    GatewayError,
    InvalidRequest,
    StageCrashed,
    Unauthorized,
    UnsupportedEndpoint,
    UpstreamRefused,
)
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.keyring import is_about_the_key
from sluicegate.pipeline.pricing import Price
from sluicegate.pipeline.provider import UpstreamRequest
from sluicegate.pipeline.registry import stage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.retry import PATIENCE, RetryBudget, backoff
from sluicegate.pipeline.routing.otherwise import reason_of
from sluicegate.pipeline.stage import Verdict

from .parts.asked import check_callers_keys, is_the_callers_matter, refused_key
from .parts.attempt import attempt
from .parts.attempt_record import AttemptRecord
from .parts.candidate import Candidate, encoded, left_alone_now, may_repeat, others_first, soonest_of
from .parts.failure import most_telling
from .parts.provider_limits import ProviderLimits
from .parts.token_count import reply_with_estimate, to_be_estimated, to_be_estimated_after


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
    store: Annotated[
        str, Meta(description="Where to count what providers' limits hold: memory, or one of the section `stores`.")
    ] = MEMORY
    on_failure: Annotated[
        Literal["open", "closed"] | None,
        Meta(
            description="While the store cannot be used: open calls uncounted, closed answers 503. "
            "Unset, the store's own."
        ),
    ] = None


@stage("call", summary="Calls the plan's targets until one answers.", settings=CallSettings)
class Call:
    """Walks the plan. Each target is asked, asked again where that may help, and then left for the next."""

    def __init__(self, settings: CallSettings, resources: Resources) -> None:
        self._settings = settings
        self._resources = resources
        self._budgets = {name: RetryBudget(settings.retry_budget) for name in resources.providers}
        self._limits = ProviderLimits(settings.store, settings.on_failure, resources)

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
        for candidate in candidates:  # which get more while they are walked, where one refuses
            if await self._ask_or_go_on(exchange, candidate, candidates):
                return Verdict.REPLY
        while (soonest := soonest_of(candidates)) is not None:
            if await may_repeat(soonest) and await self._ask(exchange, soonest):
                return Verdict.REPLY
        raise most_telling([(each.target, each.error) for each in candidates if each.error is not None])

    def _candidate(self, target: Target) -> Candidate:
        name = target.provider
        return Candidate(target, self._resources.providers[name], self._resources.breakers[name], self._budgets[name])

    async def _ask_or_go_on(self, exchange: Exchange, candidate: Candidate, all_of_them: list[Candidate]) -> bool:
        """Ask a target. Where it refuses for a reason that the plan has other targets for, add these, each once."""
        try:
            return await self._ask(exchange, candidate)
        except GatewayError as error:
            plan = exchange.plan
            reason = reason_of(error) if plan is not None and plan.otherwise else None
            known = {one.target for one in all_of_them}
            others = [] if plan is None or reason is None else plan.otherwise.get(reason, ())
            added = [self._candidate(target) for target in others if target not in known]
            at = all_of_them.index(candidate) + 1
            if not added and not any(one.target in others for one in all_of_them[at:]):
                raise
            candidate.error = error
            # Only those: whoever else is listed would refuse it just so.
            all_of_them[at:] = [*(one for one in all_of_them[at:] if one.target in others), *added]
            return False

    async def _ask(self, exchange: Exchange, candidate: Candidate) -> bool:
        """Ask a target, as often as may help at once. Return whether there is a reply."""
        candidate.again = None
        if to_be_estimated(exchange, candidate.provider):
            await reply_with_estimate(exchange)
            return True
        try:
            if exchange.request.kind not in candidate.provider.operations:
                raise UnsupportedEndpoint.of(candidate.provider.name, exchange.request.kind)
            request = await encoded(exchange, candidate)
        except (InvalidRequest, Unauthorized) as error:
            candidate.error = error  # not for this provider; another one's API may have it
            return False
        while True:
            candidate.error = failure = await self._try(exchange, candidate, request)
            if failure is None:
                return True
            if to_be_estimated_after(exchange, failure):
                await reply_with_estimate(exchange)
                return True
            if candidate.spared is is_the_callers_matter and isinstance(failure, UpstreamRefused):
                raise refused_key(candidate.provider.name) from failure
            if not failure.moves_on:
                raise failure
            if exchange.request.passing is None and self._may_change_keys(candidate, failure):
                request = await encoded(exchange, candidate)
                continue
            candidate.again = None if exchange.request.once else self._again(candidate, failure, exchange.deadline)
            if others_first(failure) or not await may_repeat(candidate):
                return False

    def _may_change_keys(self, candidate: Candidate, failure: GatewayError) -> bool:
        """Say whether to ask again at once, with another key than the one that has just failed."""
        keys = candidate.provider.keys
        if keys is None or candidate.spared in (None, is_the_callers_matter) or not is_about_the_key(failure):
            return False
        now = trio.current_time()
        may = candidate.tries <= candidate.provider.settings.max_retries and keys.resting(now) < len(keys)
        return may and candidate.budget.withdraw(now)

    async def _try(self, exchange: Exchange, candidate: Candidate, request: UpstreamRequest) -> GatewayError | None:
        """Make one attempt, if the breaker lets it. An attempt that it does not let has no row."""
        breaker = candidate.breaker
        leave = None
        # A caller's own key has an account of its own, and limits that are none of ours.
        if candidate.provider.name in self._limits and candidate.spared is not is_the_callers_matter:
            if breaker.state(trio.current_time()) is BreakerState.OPEN:
                return left_alone_now(candidate)
            try:
                leave = await self._limits.leave_for(exchange, candidate.target)
            except GatewayError as error:
                return error
        now = trio.current_time()
        ticket = breaker.admit(now)
        if ticket is None:
            if leave is not None:
                await leave.settle_alone()
            return left_alone_now(candidate)
        if not candidate.tries:
            candidate.budget.deposit(now)
        candidate.tries += 1
        settings = self._settings
        seen = self._resources.observed.begun(candidate.target)
        pricing = partial(self._price, candidate)
        record = AttemptRecord(
            exchange, candidate.target, breaker, ticket, seen, candidate.spared, pricing, key=candidate.key
        )
        if leave is not None:
            leave.attempt = record.attempt
        try:
            await attempt(
                record,
                candidate.asked or candidate.provider,
                request,
                commit_buffer=settings.commit_buffer,
                max_reply=settings.max_reply,
            )
        except GatewayError as error:
            if leave is not None:
                await leave.settle_alone()
            return error
        return None

    def _price(self, candidate: Candidate) -> Price | None:
        """Return what the target costs now, if that is known."""
        resources = self._resources
        provider, target = candidate.provider, candidate.target
        return resources.prices.of(provider.type, provider.name, target.model, resources.wall())

    def _again(self, candidate: Candidate, error: GatewayError, deadline: float) -> float | None:
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

"""Limits of providers: how much all callers together may use one, counted call by call."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Literal

from sluicegate.pipeline.caller import Allowance
from sluicegate.pipeline.errors import StoreUnavailable
from sluicegate.pipeline.exchange import Attempt, Exchange, Target
from sluicegate.pipeline.heavy import compute
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.store import at_once

from .counting import Counting, Refusal, Reservation
from .expected import RESERVE, expected
from .limit_refusals import at_its_limit
from .limit_rules import Amounts, Owner, Ruleset, holds_for, rules_for
from .price_of_plan import PriceOfPlan
from .used import tokens_of


@dataclass(slots=True, eq=False)
class Leave:
    """Leave to make one call. It has to be settled, by the exchange's end at the latest.

    Attributes:
        attempt: The call, once it is made.
    """

    counting: Counting
    reservation: Reservation
    usage: Usage | None
    attempt: Attempt | None = None

    def settle(self, _: object = None) -> Coroutine[Any, Any, None] | None:
        """Let what the call has used take the place of what was reserved. Safe to call twice."""
        return self.counting.settle(self.reservation, self._change())

    async def settle_alone(self) -> None:
        """Do it now, for a call that is over before its exchange is. A checkpoint where the store waits."""
        await self.counting.settle_alone(self.reservation, self._change())

    def _change(self) -> Amounts:
        requests, reserved_tokens, reserved_cost = self.reservation.amounts
        if self.attempt is None:
            return -requests, -reserved_tokens, -reserved_cost
        tokens = tokens_of(self.attempt, self.usage)
        return 0, tokens - reserved_tokens, (self.attempt.cost or 0) - reserved_cost


class ProviderLimits:
    """Gives leave for calls.

    Args:
        store: The name of the store to count in.
        on_failure: What to do while it is away; None for what the store says.

    Raises:
        ValueError: There is no such store, and there are providers with limits.
    """

    def __init__(self, store: str, on_failure: Literal["open", "closed"] | None, resources: Resources) -> None:
        self._wall = resources.wall
        self._price = PriceOfPlan(resources)
        self._allowances: dict[str, Allowance] = {}
        for name, provider in resources.providers.items():
            allowance = provider.settings.rate_limit.allowance()
            if allowance != Allowance((), (), ()):
                self._allowances[name] = allowance
        self._rulesets: dict[str, Ruleset] = {}
        if self._allowances:
            found, closed = resources.store(store, on_failure)
            self._counting = Counting("call", found, resources.ledger, is_open=not closed)

    def __contains__(self, provider: str) -> bool:
        """Say whether a provider has limits."""
        return provider in self._allowances

    async def leave_for(self, exchange: Exchange, target: Target) -> Leave:
        """Count a call of a target whose provider has limits. A checkpoint if the store has to be waited for.

        Raises:
            ProviderLimited: A limit has no room; nothing was counted.
            StoreUnavailable: The store is away, and calls do not go on without.
        """
        ruleset = self._ruleset(target.provider)
        usage, request = None, exchange.request
        if ruleset.tokens or ruleset.cost:
            usage = await compute(len(request.body), expected, request, RESERVE)
        amounts: Amounts = (1, 0, 0)
        if usage is not None:
            cost = self._price.of_target(target, usage) if ruleset.cost else None
            amounts = (1, max(1, usage.total), max(1, cost) if cost is not None else 0)
        holder = f"{exchange.id}/{len(exchange.attempts) + 1}"
        rules = ruleset.of((amounts[1] > 0, amounts[2] > 0))
        leave = Leave(
            self._counting, Reservation(rules, amounts, holder, max(0.0, exchange.deadline - exchange.started)), usage
        )
        exchange.on_settle.append(leave.settle)
        try:
            refusal = await self._count(leave.reservation)
        except StoreUnavailable as error:
            # To ask again at once would be to wait for the store once more.
            raise StoreUnavailable(error.message, retryable=False) from error
        if leave.reservation.uncounted:
            exchange.notes["limit"] = "open"
        if refusal is not None:
            raise at_its_limit(refusal, self._wall())
        return leave

    async def _count(self, reservation: Reservation) -> Refusal | None:
        if self._counting.immediate:
            outcome = at_once(self._counting.count(reservation))
            if not isinstance(outcome, tuple):
                return outcome
        return await self._counting.admit(reservation)

    def _ruleset(self, provider: str) -> Ruleset:
        known = self._rulesets.get(provider)
        now = self._wall()
        if known is None or now >= known.ends:
            owner, allowance = Owner("provider", provider, provider), self._allowances[provider]
            known = Ruleset(rules_for(owner, allowance, now), holds_for(owner, allowance))
            self._rulesets[provider] = known
        return known

"""Hold callers to limits and budgets: requests, tokens and money in a time, and requests under way at once.

What a request may use is reserved when it comes, for its key, its user, its team and the model that it asks for, in
one step: in all of their windows, or, if one has no room, in none. When it has ended, what it really used takes the
place of that. What fails before the caller got anything of an answer is given back: if no provider was called for it,
or if the failure is a provider's. What a provider finds wrong with the request counts, and so does a deadline, which
callers may set, that passes during a call: either would be a way to flood the provider for nothing. An answer from the
cache counts as a request, and takes neither tokens nor money.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from sluicegate.pipeline.caller import Caller
from sluicegate.pipeline.config.checks import Check, Checked
from sluicegate.pipeline.config.limit_sections import CappedSettings
from sluicegate.pipeline.config.store_settings import MEMORY
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.heavy import LARGE, compute
from sluicegate.pipeline.registry import stage
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict
from sluicegate.pipeline.store import at_once

from .parts.counting import Counting, Refusal, Reservation
from .parts.expected import RESERVE, WITHOUT_USE, expected
from .parts.limit_headers import limit_headers
from .parts.limit_refusals import refused
from .parts.limit_rules import Amounts, Owner, Ruleset, holds_for, joined, rules_for
from .parts.price_of_plan import PriceOfPlan
from .parts.used import change_of

MAX_REMEMBERED = 4000
"""Callers whose windows are kept ready-made."""


class LimitSettings(CappedSettings, Checked, kw_only=True, frozen=True):
    """How much may be used: by each key, in the fields of this section itself, and by users and teams."""

    checks: ClassVar[tuple[Check, ...]] = ()

    user: Annotated[
        CappedSettings, Meta(description="How much each user may use, by all keys together; a user's own go before.")
    ] = CappedSettings()
    team: Annotated[
        CappedSettings, Meta(description="How much each team may use, by all keys together; a team's own go before.")
    ] = CappedSettings()
    reserve: Annotated[
        int, Meta(ge=0, description="Tokens to reserve for an answer to a request that sets no limit itself.")
    ] = RESERVE
    store: Annotated[str, Meta(description="Where to count: memory, or one of the section `stores`.")] = MEMORY
    on_failure: Annotated[
        Literal["open", "closed"] | None,
        Meta(
            description="While the store cannot be used: open goes on uncounted, closed answers 503. "
            "Unset, the store's own."
        ),
    ] = None


@stage("limit", summary="Hold callers to requests, tokens, money and requests at once.", settings=LimitSettings)
class Limit:
    """Reserve in all windows, tell where the tightest stand, and settle with what was used.

    Raises, in `judge` or `attend`:
        RateLimited: A window or a budget has no room, or too many requests are under way; nothing was counted.
        StoreUnavailable: The store is away, and ``on_failure`` is ``closed``.
    """

    def __init__(self, settings: LimitSettings, resources: Resources) -> None:
        store, closed = resources.store(settings.store, settings.on_failure)
        self._counting = Counting("limit", store, resources.ledger, is_open=not closed)
        self._reserve = settings.reserve
        self._general = {
            "key": settings.allowance(),
            "user": settings.user.allowance(),
            "team": settings.team.allowance(),
        }
        self._of_models = {
            name: allowance
            for name, model in resources.models.items()
            if (allowance := model.rate_limit.allowance()) != NOTHING
        }
        self._wall = resources.wall
        self._price = PriceOfPlan(resources)
        self._rulesets: dict[tuple[int, str], tuple[Caller, Ruleset]] = {}

    def judge(self, exchange: Exchange) -> Verdict:
        """Count at once where the store can, or ask to wait for it, or for the ledger. Not a checkpoint."""
        ruleset = self._ruleset(exchange)
        if not ruleset:
            return Verdict.PASS
        if not self._counting.immediate or ((ruleset.tokens or ruleset.cost) and len(exchange.request.body) > LARGE):
            return Verdict.WAIT
        usage = expected(exchange.request, self._reserve) if ruleset.tokens or ruleset.cost else None
        reservation = self._reservation(exchange, ruleset, usage)
        outcome = at_once(self._counting.count(reservation))
        if isinstance(outcome, tuple):
            return Verdict.WAIT
        return self._apply(exchange, reservation, usage, outcome)

    async def attend(self, exchange: Exchange) -> Verdict:
        """Count in a store that has to be waited for. A checkpoint."""
        ruleset = self._ruleset(exchange)
        request = exchange.request
        usage = None
        if ruleset.tokens or ruleset.cost:
            usage = await compute(len(request.body), expected, request, self._reserve)
        reservation = self._reservation(exchange, ruleset, usage)
        # Before anything is counted: who is cancelled in the middle of it settles it too.
        exchange.on_settle.append(lambda ended: self._settle(ended, reservation, usage))
        outcome = await self._counting.admit(reservation)
        if reservation.uncounted:
            exchange.notes["limit"] = "open"
        return self._apply(exchange, reservation, usage, outcome, settles=False)

    def _ruleset(self, exchange: Exchange) -> Ruleset:
        """Return what the request counts in, ready-made from the caller's last one."""
        caller, model = exchange.caller, exchange.request.model
        if model not in self._of_models or exchange.request.operation in WITHOUT_USE:
            model = ""
        known = self._rulesets.get((id(caller), model))
        # As long as the caller is kept here, no other has its id.
        if known is not None and (known[1].ends == INFINITY or self._wall() < known[1].ends):
            return known[1]
        ruleset = self._made(caller, model)
        if known is None and len(self._rulesets) >= MAX_REMEMBERED:
            del self._rulesets[next(iter(self._rulesets))]
        self._rulesets[id(caller), model] = caller, ruleset
        return ruleset

    def _made(self, caller: Caller, model: str) -> Ruleset:
        now = self._wall()
        allowances = [
            (Owner(subject.kind, subject.id, subject.name), joined(subject.allowance, self._general[subject.kind]))
            for subject in caller.counted()
        ]
        if model:
            allowances.append((Owner("model", model, model), self._of_models[model]))
        return Ruleset(
            (rule for owner, allowance in allowances for rule in rules_for(owner, allowance, now)),
            (hold for owner, allowance in allowances for hold in holds_for(owner, allowance)),
        )

    def _reservation(self, exchange: Exchange, ruleset: Ruleset, usage: Usage | None) -> Reservation:
        """Return what is to be counted: nothing of what the request does not use."""
        amounts: Amounts = (1, 0, 0)
        if usage is not None:
            cost = self._price.of(exchange.request.model, usage) if ruleset.cost else None
            # Of what cannot be foreseen, such as the tokens of sound, the least: enough to find out that none is left.
            amounts = (1, max(1, usage.total), max(1, cost) if cost is not None else 0)
        rules = ruleset.of((amounts[1] > 0, amounts[2] > 0))
        return Reservation(rules, amounts, exchange.id, exchange.deadline - exchange.started)

    def _apply(
        self,
        exchange: Exchange,
        reservation: Reservation,
        usage: Usage | None,
        outcome: Refusal | None,
        *,
        settles: bool = True,
    ) -> Verdict:
        """Tell where the windows stand, and pass or refuse the request."""
        dialect = exchange.request.dialect
        if outcome is not None:
            refusing = outcome.admission.refused_by
            if refusing is not None:
                standings = outcome.admission.standings
                exchange.headers += limit_headers(outcome.rules, standings, dialect, self._wall, refusing)
            raise refused(outcome, self._wall())
        if reservation.admission is not None:
            exchange.headers += limit_headers(reservation.rules, reservation.standings, dialect, self._wall)
        if settles:
            exchange.on_settle.append(lambda ended: self._settle(ended, reservation, usage))
        return Verdict.PASS

    def _settle(
        self, exchange: Exchange, reservation: Reservation, usage: Usage | None
    ) -> Coroutine[Any, Any, None] | None:
        """Let what was used take the place of what was reserved."""
        return self._counting.settle(reservation, change_of(exchange, reservation.amounts, usage))


NOTHING = CappedSettings().allowance()
INFINITY = float("inf")

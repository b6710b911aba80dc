"""Write the plan: which targets to ask, in which order. And answer what is asked about models, and about requests."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import trio

from sluicegate.pipeline.conditions import Condition
from sluicegate.pipeline.errors import GatewayError, NotFound
from sluicegate.pipeline.exchange import Exchange, Plan, Target
from sluicegate.pipeline.heavy import LARGE, compute
from sluicegate.pipeline.pricing import cost_of
from sluicegate.pipeline.registry import NoSettings, stage
from sluicegate.pipeline.reply import Reply, Usage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.routing.facts import Facts
from sluicegate.pipeline.routing.members import Moment
from sluicegate.pipeline.routing.tree import Group, Holds, Told
from sluicegate.pipeline.stage import Verdict

from .parts.catalog import Catalog, Listed, Served
from .parts.explained import explain_in_header, explanation
from .parts.keys import allows, refuse_unless_allowed
from .parts.model_list import model_list, one_model
from .parts.passed_to import passed_to
from .parts.request_object import request_object
from .parts.sticky import sticky_key
from .parts.token_estimate import estimate
from .parts.turns import Turns

ASSUMED_OUTPUT = 500
"""Tokens of an answer that has not been given yet, to compare prices by."""


@stage("route", summary="Choose the targets that serve the model asked for, list models, and tell of past requests.")
class Route:
    """Set ``exchange.plan``, or reply to ``models``, ``model`` and ``request``. See `Catalog` for what names mean.

    Raises, in `judge` or `attend`:
        NotFound: There is no such model; with the nearest name that there is. Or no such request of this caller's.
        Forbidden: The caller may not ask for it. `auth` has seen to that before, but it may be a stage of another's.
        NoRoute: None of its targets is for such a request.
        ConditionFailed: A condition cannot be evaluated.
    """

    def __init__(self, settings: NoSettings, resources: Resources) -> None:
        self._catalog = Catalog(resources.models, resources.providers, resources.live_models)
        self._providers = resources.providers
        self._resources = resources
        self._turns = Turns(resources.stores["memory"]) if "memory" in resources.stores else None
        self._created = int(resources.wall())

    def judge(self, exchange: Exchange) -> Verdict:
        """Choose, or ask to wait for the ledger, or for a thread where conditions have much to read.

        Not a checkpoint.
        """
        operation = exchange.request.operation
        if operation == "request":
            return Verdict.WAIT
        if operation == "models":
            allowed = exchange.caller.allowed_models
            models = [one for one in self._catalog.listed if allows(allowed, one.id)]
            exchange.reply = Reply(body=model_list(models, self._created, _shape_for(exchange)))
            return Verdict.REPLY
        if exchange.request.passing is not None:
            provider = passed_to(exchange.request.passing, operation, self._providers, exchange.caller)
            exchange.plan = Plan((Target(provider, operation),))
            return Verdict.PASS
        name = exchange.request.model
        refuse_unless_allowed(exchange.caller, name)
        plan = self._listed_plan(exchange, name)
        if operation == "model":
            shown = Listed(name, self._catalog.owner(name))
            exchange.reply = Reply(body=one_model(shown, self._created, _shape_for(exchange)))
            return Verdict.REPLY
        exchange.plan = plan
        entry = self._catalog.entry(name)
        if entry is None or entry.group is None:
            return self._explained(exchange, []) if exchange.request.explain else Verdict.PASS
        if entry.group.conditions and len(exchange.request.body) > LARGE:
            return Verdict.WAIT
        facts = Facts(exchange, self._resources.wall)
        return self._choose(exchange, entry, entry.group, lambda condition: condition.holds(facts))

    async def attend(self, exchange: Exchange) -> Verdict:
        """Ask the ledger, or choose by conditions that are evaluated in a thread. A checkpoint."""
        if exchange.request.operation == "request":
            return await self._tell(exchange)
        entry = self._catalog.entry(exchange.request.model)
        assert entry is not None
        assert entry.group is not None
        facts = Facts(exchange, self._resources.wall)
        size = len(exchange.request.body)
        found = await compute(size, _evaluated, entry.group.conditions, facts)

        def holds(condition: Condition) -> bool:
            verdict = found[condition]
            if isinstance(verdict, GatewayError):
                raise verdict
            return verdict

        return self._choose(exchange, entry, entry.group, holds)

    def _listed_plan(self, exchange: Exchange, name: str) -> Plan:
        """Return all targets of a model, as they are listed. Raises NotFound, with the name that was probably meant."""
        try:
            plan = self._catalog.plan(name)
            if exchange.request.operation == "model" and not self._catalog.exists(name):
                raise NotFound(f"model {name!r} does not exist here", code="model_not_found", param="model")
        except NotFound as missing:
            nearest = self._catalog.nearest(name, exchange.caller.allowed_models)
            if nearest is None or nearest == name:
                raise
            raise NotFound(
                f"{missing.message}; did you mean {nearest!r}?", code=missing.code, param=missing.param
            ) from None
        return plan

    def _choose(self, exchange: Exchange, entry: Served, group: Group, holds: Holds) -> Verdict:
        """Put the targets of a group in the order of this moment."""
        resources = self._resources
        moment = Moment(
            trio.current_time(),
            exchange.request.stream,
            resources.observed,
            resources.random,
            turn=self._turns.next if self._turns is not None else lambda _: resources.random.randrange(2**31),
            sticky=partial(sticky_key, exchange, entry.settings),
            price=self._pricing(exchange),
        )
        told: Told | None = [] if exchange.request.explain else None
        exchange.plan = Plan(group.targets(moment, holds, told), group.strategy, entry.plan.otherwise)
        return self._explained(exchange, told or []) if told is not None else Verdict.PASS

    def _pricing(self, exchange: Exchange) -> Callable[[Target], int | None]:
        """Return what says about how many nano-dollars a target would take for this request."""
        usage: list[Usage] = []

        def price(target: Target) -> int | None:
            if not usage:
                usage.append(estimate(exchange.request, ASSUMED_OUTPUT))
            resources = self._resources
            provider = resources.providers[target.provider]
            found = resources.prices.of(provider.type, provider.name, target.model, resources.wall())
            return cost_of(found, usage[0])

        return price

    def _explained(self, exchange: Exchange, told: Told) -> Verdict:
        """Tell the decision: as the answer, or in a header of the one that is to come."""
        if exchange.request.explain == "only":
            exchange.reply = Reply(body=explanation(exchange, told, self._resources.breakers))
            return Verdict.REPLY
        exchange.on_reply.append(partial(explain_in_header, told))
        return Verdict.PASS

    async def _tell(self, exchange: Exchange) -> Verdict:
        """Tell what became of one of the caller's requests. A checkpoint."""
        name = exchange.request.subject
        ledger = self._resources.ledger
        rows = await ledger.find(exchange.caller.tenant, name) if name.isprintable() else []
        if not rows:
            told = "there is no such request of yours here, or nothing is kept of it"
            raise NotFound(told, code="request_not_found", param="request_id")
        exchange.reply = Reply(body=request_object(rows))
        return Verdict.REPLY


def _evaluated(conditions: tuple[Condition, ...], facts: Facts) -> dict[Condition, bool | GatewayError]:
    """Return what conditions say; one that cannot say is a matter of those who ask it."""
    found: dict[Condition, bool | GatewayError] = {}
    for condition in conditions:
        try:
            found[condition] = condition.holds(facts)
        except GatewayError as error:
            found[condition] = error
    return found


def _shape_for(exchange: Exchange) -> str:
    """Return the dialect to list models in: Anthropic's clients ask under the same path as OpenAI's."""
    request = exchange.request
    return "anthropic" if "anthropic-version" in request.headers else request.dialect

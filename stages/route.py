"""Write the plan: which targets to ask, in which order. And answer what is asked about models, and about requests."""

from __future__ import annotations

from sluicegate.pipeline.errors import NotFound
from sluicegate.pipeline.exchange import Exchange, Plan, Target
from sluicegate.pipeline.registry import NoSettings, stage
from sluicegate.pipeline.reply import Reply
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict

from .parts.catalog import Catalog, Listed
from .parts.keys import allows, refuse_unless_allowed
from .parts.model_list import model_list, one_model
from .parts.passed_to import passed_to
from .parts.request_object import request_object


@stage("route", summary="Choose the targets that serve the model asked for, list models, and tell of past requests.")
class Route:
    """Set ``exchange.plan``, or reply to ``models``, ``model`` and ``request``. See `Catalog` for what names mean.

    Raises, in `judge`:
        NotFound: There is no such model; with the nearest name that there is.
        Forbidden: The caller may not ask for it. `auth` has seen to that before, but it may be a stage of another's.
    """

    def __init__(self, settings: NoSettings, resources: Resources) -> None:
        self._catalog = Catalog(resources.models, resources.providers, resources.live_models)
        self._providers = resources.providers
        self._created = int(resources.wall())
        self._ledger = resources.ledger

    def judge(self, exchange: Exchange) -> Verdict:
        """Choose, or ask to wait for the ledger. Not a checkpoint."""
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
        try:
            plan = self._catalog.plan(name)
            if operation == "model" and not self._catalog.exists(name):
                raise NotFound(f"model {name!r} does not exist here", code="model_not_found", param="model")
        except NotFound as missing:
            nearest = self._catalog.nearest(name, exchange.caller.allowed_models)
            if nearest is None or nearest == name:
                raise
            raise NotFound(
                f"{missing.message}; did you mean {nearest!r}?", code=missing.code, param=missing.param
            ) from None
        if operation == "model":
            shown = Listed(name, self._catalog.owner(name))
            exchange.reply = Reply(body=one_model(shown, self._created, _shape_for(exchange)))
            return Verdict.REPLY
        exchange.plan = plan
        return Verdict.PASS

    async def attend(self, exchange: Exchange) -> Verdict:
        """Tell what became of one of the caller's requests. A checkpoint.

        Raises:
            NotFound: There is no such request of this caller's.
            GatewayError: The ledger cannot be read now.
        """
        name = exchange.request.subject
        rows = await self._ledger.find(exchange.caller.tenant, name) if name.isprintable() else []
        if not rows:
            told = "there is no such request of yours here, or nothing is kept of it"
            raise NotFound(told, code="request_not_found", param="request_id")
        exchange.reply = Reply(body=request_object(rows))
        return Verdict.REPLY


def _shape_for(exchange: Exchange) -> str:
    """Return the dialect to list models in: Anthropic's clients ask under the same path as OpenAI's."""
    request = exchange.request
    return "anthropic" if "anthropic-version" in request.headers else request.dialect

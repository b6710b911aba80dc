"""What a request may cost at the most, before it is known which target answers."""

from __future__ import annotations

from functools import cached_property

import msgspec

from sluicegate.pipeline.errors import NotFound
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.pricing import Price
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.resources import Resources

from .catalog import Catalog


class PriceOfPlan:
    """Prices by the names of models that callers ask for."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @cached_property
    def _catalog(self) -> Catalog:
        return Catalog(self._resources.models, self._resources.providers)

    def of(self, model: str, usage: Usage) -> int | None:
        """Return the nano-dollars that the dearest target of a model's plan takes for ``usage``.

        None if nobody knows the price of any, or all are free: then nothing is to be counted.
        """
        try:
            plan = self._catalog.plan(model)
        except NotFound:
            return None
        costs = [cost for target in plan.targets if (cost := self.of_target(target, usage)) is not None]
        return max(costs, default=None)

    def of_target(self, target: Target, usage: Usage) -> int | None:
        """Return the nano-dollars that one target takes, or None if its price is not known, or it is free."""
        provider = self._resources.providers.get(target.provider)
        if provider is None:
            return None
        price = self._resources.prices.of(provider.type, target.provider, target.model, self._resources.wall())
        if price is None:
            return None
        cost = price.cost(usage)
        return cost if cost or not _is_free(price) else None


def _is_free(price: Price) -> bool:
    return not any(msgspec.structs.astuple(price.rates))

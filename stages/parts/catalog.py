"""The models that a configuration offers: what a name means, which names there are, and what was probably meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sluicegate.pipeline.config.sections import ModelSettings
from sluicegate.pipeline.errors import NotFound
from sluicegate.pipeline.exchange import Plan, Target
from sluicegate.pipeline.live_models import LiveModels
from sluicegate.pipeline.provider import Provider
from sluicegate.pipeline.schemas.fields import MAX_NAME

from .keys import allows
from .nearest import Nearest

OWNER = "sluicegate"
"""Who owns a public model name; that of a provider is the provider's."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as the list shows it."""

    id: str
    owner: str


class Catalog:
    """Models by name. In this order, a name is

    1. an entry of ``models:``;
    2. ``provider/model``, split at the first slash, where that provider is configured; any model of it will do;
    3. where ``models:`` is empty and there is exactly one provider: a model of that provider, if no slash is in it.

    Targets whose provider is not configured, such as for want of its key, are left out of the plans. A plan has the
    provider's own names of models: its ``model_mapping`` has been applied.
    """

    def __init__(
        self, models: Mapping[str, ModelSettings], providers: Mapping[str, Provider], live: LiveModels | None = None
    ) -> None:
        self._mappings = {name: provider.settings.model_mapping for name, provider in providers.items()}
        self._only = next(iter(providers)) if len(providers) == 1 and not models else None
        self._plans = {name: self._plan_of(settings) for name, settings in models.items()}
        self._unserved = {name: _providers_of(models[name]) for name, plan in self._plans.items() if not plan.targets}
        listed = {name: Listed(name, OWNER) for name in models if name not in self._unserved}
        for provider in providers.values():
            for model in provider.translator.models():
                name = f"{provider.name}/{model}"
                listed.setdefault(name, Listed(name, provider.name))
        self._configured = listed
        self._live = live or LiveModels()
        self._version = -1
        self._refresh()

    @property
    def listed(self) -> tuple[Listed, ...]:
        """All models known by name: public ones first, then those that are mapped, then those that providers list."""
        self._refresh()
        return self._listed

    def _refresh(self) -> None:
        """Put the providers' own lists behind what the configuration says, if there is news of them."""
        if self._version == self._live.version:
            return
        self._version = self._live.version
        listed = dict(self._configured)
        for provider in self._mappings:
            found = self._live.of(provider)
            for model in (found.models if found is not None else None) or ():
                listed.setdefault(f"{provider}/{model}", Listed(f"{provider}/{model}", provider))
        self._listed = tuple(listed.values())
        self._nearest = Nearest(listed)

    def exists(self, name: str) -> bool:
        """Say whether a name that has a plan is that of a model, as far as its provider has said."""
        if name in self._plans or name in self._configured:
            return True
        target = self.plan(name).targets[0]
        found = self._live.of(target.provider)
        return found is None or found.models is None or not found.complete or target.model in found.models

    def plan(self, name: str) -> Plan:
        """Return how the model ``name`` is served.

        Raises:
            NotFound: It is not; the message names it.
        """
        plan = self._plans.get(name)
        if plan is not None:
            if name in self._unserved:
                left_out = ", ".join(self._unserved[name])
                raise _not_found(f"model {name!r} is served by {left_out}, which this gateway runs without")
            return plan
        provider, slash, model = name.partition("/")
        if slash and model and provider in self._mappings:
            return Plan((self._target(provider, model),))
        if not slash and name and self._only is not None:
            return Plan((self._target(self._only, name),))
        raise _not_found(f"model {name[:MAX_NAME]!r} does not exist here")

    def nearest(self, name: str, allowed: tuple[str, ...] | None) -> str | None:
        """Return the known name most like ``name``, if one is, and if a caller with these allowed models may use it."""
        self._refresh()
        guess = self._nearest.find(name)
        return guess if guess is not None and allows(allowed, guess) else None

    def owner(self, name: str) -> str:
        """Return who owns a model that has a plan."""
        return OWNER if name in self._plans else self.plan(name).targets[0].provider

    def _plan_of(self, settings: ModelSettings) -> Plan:
        targets = [target.split("/", 1) for target in settings.targets]
        served = [self._target(provider, model) for provider, model in targets if provider in self._mappings]
        return Plan(tuple(served[:1] if settings.strategy == "single" else served), settings.strategy)

    def _target(self, provider: str, model: str) -> Target:
        return Target(provider, self._mappings[provider].get(model, model))


def _providers_of(settings: ModelSettings) -> tuple[str, ...]:
    return tuple(dict.fromkeys(target.partition("/")[0] for target in settings.targets))


def _not_found(message: str) -> NotFound:
    return NotFound(message, code="model_not_found", param="model")

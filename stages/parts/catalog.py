"""The models that a configuration offers: what a name means, which names there are, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sluicegate.pipeline.config.model_settings import ModelSettings
from sluicegate.pipeline.config.stars import STAR
from sluicegate.pipeline.errors import NotFound
from sluicegate.pipeline.exchange import Plan, Target
from sluicegate.pipeline.live_models import LiveModels
from sluicegate.pipeline.provider import Provider
from sluicegate.pipeline.routing.growing import entry_of, grow, leaves
from sluicegate.pipeline.routing.otherwise import CONTENT_POLICY, CONTEXT_WINDOW
from sluicegate.pipeline.routing.tree import Group
from sluicegate.pipeline.schemas.fields import MAX_NAME

from .keys import allows
from .nearest import Nearest

OWNER = "sluicegate"
"""Who owns a public model name; that of a provider is the provider's."""
MAX_STARRED = 1000
"""Names that entries with a star were asked by, and whose trees are kept ready-made."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as the list shows it."""

    id: str
    owner: str


@dataclass(frozen=True, slots=True)
class Served:
    """How an entry of ``models:`` is served.

    Attributes:
        plan: All of its targets, as they are listed.
        group: What puts them in the order of the moment; None if that is always the same.
        settings: What the configuration says of it.
    """

    plan: Plan
    group: Group | None
    settings: ModelSettings

    @property
    def providers(self) -> tuple[str, ...]:
        """Those that its targets name."""
        return tuple(dict.fromkeys(choice.to.partition("/")[0] for choice in self.settings.choices))


class Catalog:
    """Models by name. In this order, a name is

    1. an entry of ``models:``;
    2. ``provider/model``, split at the first slash, where that provider is configured; any model of it will do;
    3. where ``models:`` is empty and there is exactly one provider: a model of that provider, if no slash is in it.

    An entry whose name has a star stands behind those that have none.

    Targets whose provider is not configured, such as for want of its key, are left out of the plans. A plan has the
    provider's own names of models: its ``model_mapping`` has been applied.
    """

    def __init__(
        self, models: Mapping[str, ModelSettings], providers: Mapping[str, Provider], live: LiveModels | None = None
    ) -> None:
        self._mappings = {name: provider.settings.model_mapping for name, provider in providers.items()}
        self._only = next(iter(providers)) if len(providers) == 1 and not models else None
        self._models = models
        self._entries = {name: self._grown(name, "") for name in models if STAR not in name}
        self._starred = lru_cache(maxsize=MAX_STARRED)(self._grown)
        listed = {name: Listed(name, OWNER) for name, entry in self._entries.items() if entry.plan.targets}
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
        if self.entry(name) is not None or name in self._configured:
            return True
        target = self.plan(name).targets[0]
        found = self._live.of(target.provider)
        return found is None or found.models is None or not found.complete or target.model in found.models

    def entry(self, name: str) -> Served | None:
        """Return how an entry of ``models:`` is served, or None if the name is none of them."""
        entry = self._entries.get(name)
        if entry is not None:
            return entry
        found = entry_of(name, self._models) if len(name) <= MAX_NAME else None
        return self._starred(*found) if found is not None else None

    def plan(self, name: str) -> Plan:
        """Return all targets that may serve the model ``name``, as they are listed.

        Raises:
            NotFound: None does; the message names it.
        """
        entry = self.entry(name)
        if entry is not None:
            if not entry.plan.targets:
                left_out = ", ".join(entry.providers)
                raise _not_found(f"model {name!r} is served by {left_out}, which this gateway runs without")
            return entry.plan
        target = self._target_of(name)
        if target is not None:
            return Plan((target,))
        if "/" not in name and name and self._only is not None:
            return Plan((self._target(self._only, name),))
        raise _not_found(f"model {name[:MAX_NAME]!r} does not exist here")

    def nearest(self, name: str, allowed: tuple[str, ...] | None) -> str | None:
        """Return the known name most like ``name``, if one is, and if a caller with these allowed models may use it."""
        self._refresh()
        guess = self._nearest.find(name)
        return guess if guess is not None and allows(allowed, guess) else None

    def owner(self, name: str) -> str:
        """Return who owns a model that has a plan."""
        return OWNER if self.entry(name) is not None else self.plan(name).targets[0].provider

    def _grown(self, name: str, star: str) -> Served:
        group = grow(name, self._models, self._target_of, star)
        settings = self._models[name]
        refused = {CONTEXT_WINDOW: settings.on_context_window, CONTENT_POLICY: settings.on_content_policy}
        otherwise = {
            reason: tuple(
                dict.fromkeys(target for to in named for target in self._all_of(to.replace(STAR, star), name))
            )
            for reason, named in refused.items()
            if named
        }
        targets = tuple(leaves(group))
        plan = Plan(targets[:1] if settings.strategy == "single" else targets, settings.strategy, otherwise)
        return Served(plan, None if group.fixed else group, settings)

    def _all_of(self, to: str, within: str) -> Iterator[Target]:
        """Yield the targets that a name in an entry leads to."""
        found = entry_of(to, self._models, within)
        if found is not None:
            yield from leaves(grow(found[0], self._models, self._target_of, found[1]))
        elif (target := self._target_of(to)) is not None:
            yield target

    def _target_of(self, name: str) -> Target | None:
        provider, slash, model = name.partition("/")
        return self._target(provider, model) if slash and model and provider in self._mappings else None

    def _target(self, provider: str, model: str) -> Target:
        return Target(provider, self._mappings[provider].get(model, model))


def _filled(name: str, star: str) -> str:
    return name.replace(STAR, star) if star else name


def _not_found(message: str) -> NotFound:
    return NotFound(message, code="model_not_found", param="model")

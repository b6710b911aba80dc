"""The section ``models``: public names, and the targets that serve them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from .checks import Failed
from .convert import Converter
from .model_settings import ModelSettings, TargetSettings
from .nodes import Entry, ListNode, MapNode, Node
from .problems import Findings, Mark, suggest
from .provider_section import Providers, entries_of
from .stars import STAR, star_in
from .variables import Variables

_OTHERWISE = ("on_context_window", "on_content_policy")
"""Fields with targets for those who cannot be served by the others."""


@dataclass(slots=True)
class Models:
    """The models that can be asked for, and all that are named, right or wrong."""

    usable: dict[str, ModelSettings] = field(default_factory=dict)
    named: tuple[str, ...] = ()


def read_models(
    node: Node, findings: Findings, variables: Variables | None, providers: Providers, path: str = "models"
) -> Models:
    """Return the models of the section, with those targets whose providers are in use.

    A model that has none left keeps them all, so that who asks for it is told what is missing, and gets a warning here;
    a provider that no model names gets one too.
    """
    own = Findings(findings.file)
    converter = Converter(own, variables)
    entries = entries_of(node, converter, path)
    found = Models(named=tuple(entries))
    read: dict[str, ModelSettings] = {}
    for name, entry in entries.items():
        _check_name(name, entry.mark, path, own)
        settings = converter.section(ModelSettings, entry.node, f"{path}.{name}", entry.mark)
        if not isinstance(settings, Failed):
            read[name] = settings
    named = {name: _Named(name, entries[name], settings, f"{path}.{name}") for name, settings in read.items()}
    known = ModelNames(tuple(entries), providers)
    for one in named.values():
        one.check(known, own)
    _check_circles(named, known, own)
    wanted = {known.provider_of(target) for one in named.values() for target in one.settings.named}
    _leave_out(named, known, found, own)
    if entries and not own.failed:
        _warn_of_unused(wanted, providers, own)
    findings.take(own)
    return found


class ModelNames:
    """What a target may name: another entry, or a provider with a model."""

    def __init__(self, entries: tuple[str, ...], providers: Providers) -> None:
        self.providers = providers
        self._entries = dict.fromkeys(entries)

    def entry_of(self, target: str, within: str) -> str | None:
        """Return the entry that a target of another entry means, or None if it means a provider's model."""
        if target in self._entries and target != within:
            return target
        patterns = sorted((one for one in self._entries if STAR in one and one != within), key=len, reverse=True)
        return next((one for one in patterns if star_in(one, target) is not None), None)

    def provider_of(self, target: str) -> str:
        """Return the provider in a target's name."""
        return target.partition("/")[0]


@dataclass(slots=True)
class _Named:
    """An entry that could be read."""

    name: str
    entry: Entry
    settings: ModelSettings
    path: str

    def check(self, known: ModelNames, findings: Findings) -> None:
        """Report targets that name nothing."""
        for at, (place, target) in enumerate(self._targets()):
            mark = self.mark(at)
            if self.name.count(STAR) < target.count(STAR):
                message = f"target {target!r} has more stars than {self.name!r}: it is not clear what they stand for"
                findings.error("wrong-value", message, mark, path=f"{self.path}.{place}")
            elif known.entry_of(target, self.name) is None:
                _check_provider(target, mark, f"{self.path}.{place}", known.providers, findings)

    def inner(self, known: ModelNames) -> Iterator[tuple[str, Mark]]:
        """Yield the other entries that targets mean, and where they are named."""
        for at, (_, target) in enumerate(self._targets()):
            entry = known.entry_of(target, self.name)
            if entry is not None:
                yield entry, self.mark(at)

    def _targets(self) -> Iterator[tuple[str, str]]:
        for choice in self.settings.choices:
            yield "targets", choice.to
        for place in _OTHERWISE:
            for target in getattr(self.settings, place):
                yield place, target

    def mark(self, at: int) -> Mark:
        """Return where target number ``at`` stands."""
        marks = _target_marks(self.entry.node, "targets", len(self.settings.targets), self.entry.mark)
        for place in _OTHERWISE:
            marks += _target_marks(self.entry.node, place, len(getattr(self.settings, place)), self.entry.mark)
        return marks[at]


def _check_name(name: str, mark: Mark, path: str, findings: Findings) -> None:
    if not name:
        message = "a model cannot be called '': no request could name it"
        findings.error("wrong-value", message, mark, path=path)
    if name.count(STAR) > 1:
        findings.error("wrong-value", f"a model's name has one star at most, {name!r} has more", mark, path=path)


def _check_circles(named: dict[str, _Named], known: ModelNames, findings: Findings) -> None:
    """Report entries that lead back to themselves."""
    done: set[str] = set()

    def walk(name: str, way: tuple[str, ...]) -> None:
        if name in done or name not in named:
            return
        for inner, mark in named[name].inner(known):
            if inner in (*way, name):
                told = " -> ".join((*way, name, inner))
                findings.error("circle", f"models lead in a circle: {told}", mark, path=named[name].path)
            else:
                walk(inner, (*way, name))
        done.add(name)

    for name in named:
        walk(name, ())


def _leave_out(named: dict[str, _Named], known: ModelNames, found: Models, findings: Findings) -> None:
    """Keep the targets that are in use, and the entries that have any."""
    if findings.failed:
        for one in named.values():
            found.usable[one.name] = one.settings
        return
    served: dict[str, bool] = {}

    def serves(target: str, within: str) -> bool:
        entry = known.entry_of(target, within)
        if entry is None:
            return known.provider_of(target) in known.providers.in_use
        if entry not in served:
            served[entry] = any(serves(choice.to, entry) for choice in named[entry].settings.choices)
        return served[entry]

    for name, one in named.items():
        settings = one.settings
        kept = tuple(target for target in settings.targets if serves(_to(target), name))
        otherwise = {place: tuple(to for to in getattr(settings, place) if serves(to, name)) for place in _OTHERWISE}
        if kept:
            found.usable[name] = msgspec.structs.replace(settings, targets=kept, **otherwise)
        elif known.providers.wrong.isdisjoint(known.provider_of(to) for to in settings.named):
            found.usable[name] = settings
            message = f"model {name!r} is not served: no provider of its targets is in use"
            findings.warning("model-left-out", message, one.entry.mark, path=one.path)


def _to(target: str | TargetSettings) -> str:
    return target if isinstance(target, str) else target.to


def _target_marks(node: Node, field: str, count: int, otherwise: Mark) -> list[Mark]:
    """Return where each target stands; those out of a variable stand where it does."""
    entry = node.entries.get(field) if isinstance(node, MapNode) else None
    if entry is None:
        return [otherwise] * count
    if isinstance(entry.node, ListNode):
        return [item.mark for item in entry.node.items]
    return [entry.node.mark] * count


def _check_provider(target: str, mark: Mark, path: str, providers: Providers, findings: Findings) -> None:
    """Report a target that names no provider there is."""
    provider, slash, model = target.partition("/")
    if not slash or not provider or not model:
        message = f"target {target!r} is neither of the form provider/model nor another model's name"
        findings.error("wrong-value", message, mark, path=path)
    elif provider not in providers.named:
        hint = suggest(provider, providers.named)
        findings.error("unknown-provider", f"there is no provider {provider!r}", mark, path=path, hint=hint)


def _warn_of_unused(wanted: set[str], providers: Providers, findings: Findings) -> None:
    for name in providers.in_use:
        if name not in wanted:
            message = f"no model names provider {name!r}"
            hint = f"it still serves {name}/<model>"
            findings.warning("unused-provider", message, providers.named[name], path=f"providers.{name}", hint=hint)

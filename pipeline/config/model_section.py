"""The section ``models``: public names, and the targets that serve them."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from .checks import Failed
from .convert import Converter
from .nodes import ListNode, MapNode, Node
from .problems import Findings, Mark, suggest
from .provider_section import Providers, entries_of
from .sections import ModelSettings
from .variables import Variables


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
    wanted: set[str] = set()
    entries = entries_of(node, converter, path)
    found = Models(named=tuple(entries))
    for name, entry in entries.items():
        if not name:
            message = "a model cannot be called '': no request could name it"
            own.error("wrong-value", message, entry.mark, path=path)
        settings = converter.section(ModelSettings, entry.node, f"{path}.{name}", entry.mark)
        if isinstance(settings, Failed):
            continue
        marks = _target_marks(entry.node, len(settings.targets), entry.mark)
        asked = {
            target: _provider_of(target, mark, f"{path}.{name}.targets", providers, own)
            for target, mark in zip(settings.targets, marks, strict=True)
        }
        wanted.update(asked.values())
        if targets := tuple(target for target in settings.targets if asked[target] in providers.in_use):
            found.usable[name] = msgspec.structs.replace(settings, targets=targets)
        elif providers.named.keys() - providers.wrong >= set(asked.values()):
            found.usable[name] = settings
            message = f"model {name!r} is not served: no provider of its targets is in use"
            own.warning("model-left-out", message, entry.mark, path=f"{path}.{name}")
    if entries and not own.failed:
        _warn_of_unused(wanted, providers, own)
    findings.take(own)
    return found


def _target_marks(node: Node, count: int, otherwise: Mark) -> list[Mark]:
    """Return where each target stands; those out of a variable stand where it does."""
    entry = node.entries.get("targets") if isinstance(node, MapNode) else None
    if entry is None:
        return [otherwise] * count
    if isinstance(entry.node, ListNode):
        return [item.mark for item in entry.node.items]
    return [entry.node.mark] * count


def _provider_of(target: str, mark: Mark, path: str, providers: Providers, findings: Findings) -> str:
    """Return the provider that a target names, or an empty string where it names none there is."""
    provider, slash, model = target.partition("/")
    if not slash or not provider or not model:
        message = f"target {target!r} is not of the form provider/model"
        findings.error("wrong-value", message, mark, path=path)
        return ""
    if provider not in providers.named:
        hint = suggest(provider, providers.named)
        findings.error("unknown-provider", f"there is no provider {provider!r}", mark, path=path, hint=hint)
        return ""
    return provider


def _warn_of_unused(wanted: set[str], providers: Providers, findings: Findings) -> None:
    for name in providers.in_use:
        if name not in wanted:
            message = f"no model names provider {name!r}"
            hint = f"it still serves {name}/<model>"
            findings.warning("unused-provider", message, providers.named[name], path=f"providers.{name}", hint=hint)

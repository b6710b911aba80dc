"""The section ``stores``: places for shared state, and whether those that stages name are there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from .checks import Failed, Fault
from .convert import Converter
from .nodes import MapNode, Node, ScalarNode
from .pipeline_section import Configured
from .problems import Findings, Mark, suggest
from .provider_section import entries_of
from .rules import Storing
from .store_settings import MEMORY, StoreSettings
from .variables import Variables


@dataclass(slots=True)
class Stores:
    """The stores of the section, and the places of all that are named, right or wrong."""

    usable: dict[str, StoreSettings] = field(default_factory=dict)
    named: dict[str, Mark] = field(default_factory=dict)

    @property
    def shared(self) -> Collection[str]:
        """Those that are somewhere else than in this process."""
        return {name for name, settings in self.usable.items() if settings.url}


def read_stores(node: Node, findings: Findings, variables: Variables | None, path: str = "stores") -> Stores:
    """Return the stores of the section. One without a URL stays, and gets a warning: memory stands in for it."""
    found = Stores()
    converter = Converter(findings, variables)
    for name, entry in entries_of(node, converter, path).items():
        found.named[name] = entry.mark
        if name == MEMORY or not name:
            message = f"a store cannot be called {name!r}" + (": that one always exists" if name else "")
            findings.error("wrong-value", message, entry.mark, path=path)
            continue
        settings = converter.section(StoreSettings, entry.node, f"{path}.{name}", entry.mark)
        if isinstance(settings, Failed):
            continue
        found.usable[name] = settings
        if not settings.url:
            message = f"store {name!r} is left out: {_why(entry.node, variables)}"
            hint = "what names it stays in each process' own memory"
            findings.warning("store-left-out", message, entry.mark, path=f"{path}.{name}", hint=hint)
    return found


def check_stores(stages: Sequence[Configured], stores: Stores, converter: Converter) -> None:
    """Report stages that name a store which there is not."""
    known = [MEMORY, *stores.named]
    for stage in stages:
        if isinstance(stage.settings, Storing) and stage.settings.store not in known:
            hint = suggest(stage.settings.store, known)
            message = "is no store of the section `stores`" + (f"; {hint}" if hint else "")
            fault = Fault(("store",), message, shown=stage.settings.store)
            converter.report(fault, stage.node, stage.name, stage.mark, code="unknown-store")


def _why(node: Node, variables: Variables | None) -> str:
    """Say why it has no URL: which variable would hold it, if one would."""
    entry = node.entries.get("url") if isinstance(node, MapNode) else None
    url = entry.node if entry is not None else None
    names = variables.expand(url.text).names if variables is not None and isinstance(url, ScalarNode) else ()
    return f"{names[0]} is not set" if names else "it has no url"

"""The section ``prices``: what models cost, by their names."""

from __future__ import annotations

from collections.abc import Collection

from .checks import Failed
from .convert import Converter
from .nodes import Entry, Node
from .price_settings import PRICES as PRICES
from .price_settings import PriceSettings as PriceSettings
from .problems import suggest
from .provider_section import entries_of

ANY = "*"


def read_prices(
    node: Node, converter: Converter, providers: Collection[str], models: Collection[str], path: str = "prices"
) -> dict[str, PriceSettings]:
    """Return the prices of the section; what is wrong goes to the converter's findings.

    Args:
        providers: All that are named, in use or not.
        models: The same of public models.
    """
    found = {}
    for name, entry in entries_of(node, converter, path).items():
        _check_name(name, entry, converter, providers, models, path)
        settings = converter.section(PriceSettings, entry.node, f"{path}.{name}", entry.mark)
        if not isinstance(settings, Failed):
            found[name] = settings
    return found


def _check_name(
    name: str, entry: Entry, converter: Converter, providers: Collection[str], models: Collection[str], path: str
) -> None:
    """Report a name that can be none of a model's."""
    if name in models:
        return
    findings = converter.findings
    provider, slash, _ = name.partition("/")
    if slash and ANY not in provider and provider not in providers:
        hint = suggest(provider, providers)
        findings.error("unknown-provider", f"there is no provider {provider!r}", entry.mark, path=path, hint=hint)
    elif not slash and ANY not in name:
        hint = suggest(name, models) or "name one of `models`, or provider/model"
        findings.error("unknown-model", f"there is no model {name!r}", entry.mark, path=path, hint=hint)

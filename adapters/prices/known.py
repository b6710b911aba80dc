"""What the models of one configuration cost: what it says itself, and else what is known of its providers' prices."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sluicegate.pipeline.config.sections import GatewayConfig, HttpProviderSettings, ProviderSettings
from sluicegate.pipeline.pricing import FREE, Price, Rates

from .book import Book, Tariff

BY_TYPE = {
    "anthropic": "anthropic",
    "azure": "azure",
    "bedrock": "aws",
    "cohere": "cohere",
    "gemini": "google",
    "groq": "groq",
    "mistral": "mistral",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together": "together",
    "vertex": "google",
}
"""Types of providers, and what the table calls them. Of the others only the URL may tell."""
FREE_TYPES = frozenset({"ollama", "simulator"})
"""What runs on somebody's own machine: it costs nothing that a gateway knows of."""
MAX_NAMES = 4096
"""Names of models that are kept with their prices. More of them make room all at once, and are looked up again."""
_EPOCH = 0
_ANYWHERE = re.compile(r"^(?:publishers/[^/]+/)?models/|^publishers/[^/]+/|^(?:google|anthropic|mistralai)/")
_VARIANT = re.compile(r":(?:nitro|floor|exacto|online|extended|thinking)$")
_NO_PRICE = Rates()


class KnownPrices:
    """Prices by provider and model.

    Args:
        config: Its providers, public models and prices.
        open_book: Opens the table, if a provider needs it.
    """

    def __init__(self, config: GatewayConfig, open_book: Callable[[], Book] = Book.open) -> None:
        self._config = config
        needed = any(one.type not in FREE_TYPES for one in config.providers.values())
        self._book = open_book() if needed else None
        book = self._book
        self._places = {name: _place(one, book) if book else "" for name, one in config.providers.items()}
        own = {name: Tariff([(_EPOCH, None, settings.price())]) for name, settings in config.prices.items()}
        self._exact = {name: tariff for name, tariff in own.items() if "*" not in name}
        self._patterns = [(_pattern(name), tariff) for name, tariff in own.items() if "*" in name]
        self._found: dict[tuple[str, str], Tariff | None] = {}

    def of(self, provider_type: str, provider: str, model: str, at: float) -> Price | None:
        """Return a model's price, or None if it is not known. Not a checkpoint."""
        name = (provider, model)
        try:
            tariff = self._found[name]
        except KeyError:
            if len(self._found) >= MAX_NAMES:
                self._found.clear()
            tariff = self._found[name] = self._find(provider_type, provider, model)
        return tariff.at(at) if tariff is not None else None

    def _find(self, provider_type: str, provider: str, model: str) -> Tariff | None:
        settings = self._config.providers.get(provider)
        mapped = settings.model_mapping.items() if settings is not None else ()
        # What a deployment is called may say nothing of it; the name that it stands for does.
        names = [model, *(asked for asked, own in mapped if own == model)]
        if (own := self._own([f"{provider}/{name}" for name in names])) is not None:
            return own
        if provider_type in FREE_TYPES:
            return _FREE
        place = self._places.get(provider, "")
        if self._book is None or not place:
            return None
        for name in names:
            for spelt in _spellings(provider_type, name):
                found = self._book.find(place, spelt)
                if found is not None:
                    return None if provider_type == "vertex" and _is_free(found) else found
        return None

    def _own(self, targets: list[str]) -> Tariff | None:
        """Return what the configuration says of a target, under any of its names."""
        public = [name for name, one in self._config.models.items() if not set(targets).isdisjoint(one.targets)]
        names = [*targets, *public]
        for name in names:
            if name in self._exact:
                return self._exact[name]
        return next((own for fits, own in self._patterns if any(map(fits, names))), None)


_FREE = Tariff([(_EPOCH, None, FREE)])


def _place(settings: ProviderSettings, book: Book) -> str:
    """Return what the table calls a provider: whose URL it has, or else who is known to speak its API."""
    url = settings.base_url.strip() if isinstance(settings, HttpProviderSettings) else ""
    return (book.provider_at(url) if url else "") or BY_TYPE.get(settings.type, "")


def _pattern(name: str) -> Callable[[str], object]:
    return re.compile(".*".join(map(re.escape, name.split("*"))), re.DOTALL).fullmatch


def _spellings(provider_type: str, name: str) -> Iterator[str]:
    """Yield a model's name as the table may have it: without what says where it is, or how it is to be served."""
    yield name
    if provider_type in ("gemini", "vertex") and (bare := _ANYWHERE.sub("", name)) != name:
        yield bare
    if provider_type == "openrouter" and (bare := _VARIANT.sub("", name)) != name:
        yield bare


def _is_free(tariff: Tariff) -> bool:
    """Say whether the table knows no price: Google's own API has models for nothing, and its cloud has not."""
    return tariff.at(0.0).rates == _NO_PRICE

"""Find out, at no cost, whether a provider can be used: ask for its list of models, or, without one, knock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import trio

from sluicegate.pipeline.config.sections import GatewayConfig, HttpProviderSettings
from sluicegate.pipeline.config.shapes import Kind, fields_of
from sluicegate.pipeline.errors import GatewayError, UpstreamRefused, UpstreamTimeout
from sluicegate.pipeline.model_listing import PATIENCE, Listing, first_page, list_models
from sluicegate.pipeline.provider import Provider, Transport, UpstreamRequest, UpstreamResponse


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of a provider with one of its keys. None stands for what was not tried, or is not known.

    Attributes:
        key: Which of its keys, from 1 on, where it has several; 0 for its only one.
        reachable: Whether anything answered: names, connections and TLS are well.
        accepted: Whether the key is.
        models: How many it lists.
        missing: Targets of ``models:`` that it does not list.
        seconds: How long that took.
        reason: Why it failed, or what could not be tried.
        left_out: Whether the configuration leaves it out, for want of a key.
        failed: Whether it can not be used as the configuration wants it.
    """

    provider: str
    type: str = ""
    key: int = 0
    reachable: bool | None = None
    accepted: bool | None = None
    models: int | None = None
    missing: tuple[str, ...] = ()
    seconds: float | None = None
    reason: str = ""
    left_out: bool = False
    failed: bool = False


class _Noting:
    """A transport that notes whether anything has answered."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.answered = False

    async def send(self, request: UpstreamRequest, *, connect: float) -> UpstreamResponse:
        response = await self._transport.send(request, connect=connect)
        self.answered = True
        return response

    async def aclose(self) -> None:
        await self._transport.aclose()


async def probe_all(providers: Iterable[Provider], config: GatewayConfig) -> list[Finding]:
    """Return what is found of all providers, by each of their keys, in their order. A checkpoint."""
    keyed = [(provider, 0) for provider in providers if provider.keys is None]
    keyed += [(one, at) for each in providers if each.keys is not None for at, one in enumerate(each.keys.providers, 1)]
    found: dict[tuple[str, int], Finding] = {}

    async def ask(provider: Provider, key: int) -> None:
        found[provider.name, key] = await probe(provider, _wanted(provider, config), key)

    async with trio.open_nursery() as nursery:
        for provider, key in keyed:
            nursery.start_soon(ask, provider, key)
    order = list(config.providers)
    return [found[at] for at in sorted(found, key=lambda at: (order.index(at[0]), at[1]))]


async def probe(provider: Provider, wanted: tuple[str, ...], key: int = 0) -> Finding:
    """Return what is found of a provider. A checkpoint.

    Args:
        wanted: Its own names of the models that it is to serve.
        key: Which of its keys it has.
    """
    row = Finding(provider.name, provider.type, key)
    if not isinstance(provider.settings, HttpProviderSettings):
        models = len(provider.translator.models())
        return replace(row, reachable=True, models=models, seconds=0.0, reason="answers in this process")
    noting, started = _Noting(provider.transport), trio.current_time()
    asked = Provider(provider.name, provider.type, provider.settings, provider.translator, noting, provider.connect)
    try:
        listing = await (_knock(asked) if first_page(asked) is None else list_models(asked))
    except GatewayError as error:
        refused = isinstance(error, UpstreamRefused)
        row = replace(row, accepted=False if refused else None, reason=error.message, failed=True)
        return replace(row, reachable=noting.answered or refused, seconds=trio.current_time() - started)
    row = replace(row, reachable=noting.answered or None, seconds=trio.current_time() - started)
    return _read(replace(row, accepted=True if listing is not None and _has_key(provider) else None), listing, wanted)


def _read(row: Finding, listing: Listing | None, wanted: tuple[str, ...]) -> Finding:
    """Return what the list of a provider says, with the rest."""
    if listing is None:
        return replace(row, reason="has no list of models, so the key was not tried")
    if listing.models is None:
        return replace(row, reason="its list does not say what is deployed" if wanted else "")
    missing = tuple(model for model in wanted if model not in listing.models)
    row = replace(row, models=len(listing.models))
    if not missing:
        return row
    if not listing.complete:
        return replace(row, reason=f"may know {', '.join(missing)}: its list leaves out some names")
    return replace(row, missing=missing, reason=f"has no model {', '.join(missing)}", failed=True)


def _has_key(provider: Provider) -> bool:
    """Say whether anything is sent that the provider might refuse."""
    fields = fields_of(type(provider.settings)).values()
    secrets = [field.attribute for field in fields if field.shape.kind is Kind.SECRET]
    return any(getattr(provider.settings, name) for name in [*secrets, "headers"])


async def _knock(provider: Provider) -> None:
    """See that something answers, whatever it says. Nothing is sent but that; no key is. A checkpoint."""
    url = provider.settings.base_url if isinstance(provider.settings, HttpProviderSettings) else ""
    if not url:
        return
    with trio.move_on_after(PATIENCE):
        response = await provider.transport.send(UpstreamRequest("GET", url.strip()), connect=provider.connect)
        await response.aclose()
        return
    raise UpstreamTimeout(f"provider {provider.name!r} did not answer within {PATIENCE:g} s")


def _wanted(provider: Provider, config: GatewayConfig) -> tuple[str, ...]:
    """Return what ``models:`` wants of a provider, by the provider's own names."""
    targets = (target.partition("/") for model in config.models.values() for target in model.named)
    mapping = provider.settings.model_mapping
    named = (mapping.get(model, model) for name, _, model in targets if name == provider.name)
    return tuple(dict.fromkeys([*named, *mapping.values()]))

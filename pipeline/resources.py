"""What stages are built with, by name: providers, models, stores, counters. So no stage imports another room."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import trio

from .breaker import Breaker
from .config.sections import ModelSettings
from .directory import Directory, NoDirectory, Tokens
from .ledger import Ledger, NoLedger
from .live_models import LiveModels
from .metrics import Metrics
from .pricing import NoPrices, Prices
from .provider import Provider
from .recorder import NoRecorders, Recorders
from .store import Store

log = logging.getLogger("sluicegate.pipeline")

AccessLog = Callable[[dict[str, Any]], None]


def _no_log(_: dict[str, Any]) -> None:
    """Log nothing: the library's default."""


@dataclass(slots=True)
class Resources:
    """The things that stages share.

    Attributes:
        providers: Configured providers by name.
        models: Public model names and how they are served.
        breakers: One breaker a provider, by the provider's name.
        stores: By name; ``memory`` always exists.
        metrics: What `meter` counts into, and the admin pages read.
        live_models: What providers have said of their models; the gateway keeps it fresh while it runs.
        directory: Knows the keys that are made while the gateway runs.
        tokens: Knows callers by signed tokens; None where these are off.
        prices: Knows what models cost.
        ledger: Keeps what has been used, and what it has cost.
        access_log: Takes one record a settled exchange.
        recorders: Opens what writes takes of exchanges into files.
        random: For jitter; seeded in tests.
        wall: Seconds since the epoch, for what must be comparable between processes.
    """

    providers: Mapping[str, Provider] = field(default_factory=dict)
    models: Mapping[str, ModelSettings] = field(default_factory=dict)
    breakers: dict[str, Breaker] = field(default_factory=dict)
    stores: Mapping[str, Store] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
    live_models: LiveModels = field(default_factory=LiveModels)
    directory: Directory = field(default_factory=NoDirectory)
    tokens: Tokens | None = None
    prices: Prices = field(default_factory=NoPrices)
    ledger: Ledger = field(default_factory=NoLedger)
    access_log: AccessLog = _no_log
    recorders: Recorders = field(default_factory=NoRecorders)
    random: Random = field(default_factory=Random)
    wall: Callable[[], float] = time.time

    async def keep_lists(self) -> None:
        """Keep the providers' lists of models fresh, for ever. A checkpoint."""
        await self.live_models.run(self.providers, self.random)

    async def aclose(self) -> None:
        """Close the connections of all providers, the ledger, and what records. A checkpoint.

        All of it happens at once. What fails is logged and holds up no other.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._end_recording)
            nursery.start_soon(self._end_ledger)
            for provider in {id(provider.transport): provider for provider in self._keyed()}.values():
                nursery.start_soon(_close, provider)

    def _keyed(self) -> Iterator[Provider]:
        """Yield the providers, by each of their keys."""
        for provider in self.providers.values():
            yield provider
            yield from provider.keys.providers if provider.keys is not None else ()

    async def _end_recording(self) -> None:
        try:
            await self.recorders.aclose()
        except Exception:
            log.exception("what was recorded could not be written to its end")

    async def _end_ledger(self) -> None:
        try:
            await self.ledger.aclose()
        except Exception:
            log.exception("the ledger could not be written to its end")


async def _close(provider: Provider) -> None:
    try:
        await provider.transport.aclose()
    except Exception:
        log.exception("the connections of provider %s could not be closed", provider.name)

"""The models that providers have, asked for again and again in the background.

Nothing waits for a list: until the first one is there, and while one cannot be had, things are as they were. Whoever
keeps something that was made from the lists looks at `LiveModels.version` to see whether it is still of today.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from random import Random

import trio

from .config.sections import HttpProviderSettings
from .errors import GatewayError
from .model_listing import Listing, first_page, list_models
from .provider import Provider

log = logging.getLogger("sluicegate.pipeline")
SPREAD = 0.1
"""The share of an interval that is left to chance, so that many gateways do not all ask at once."""


class LiveModels:
    """The last good list of each provider whose settings ask for one.

    Attributes:
        version: Grows with each list that differs from the one before.
    """

    def __init__(self) -> None:
        self.version = 0
        self._lists: dict[str, Listing] = {}
        self._failed: dict[str, str] = {}

    def of(self, provider: str) -> Listing | None:
        """Return the last good list of a provider, or None if there is none yet."""
        return self._lists.get(provider)

    async def run(self, providers: Mapping[str, Provider], random: Random) -> None:
        """Keep the lists fresh, for ever. A checkpoint."""
        async with trio.open_nursery() as nursery:
            for provider in providers.values():
                settings = provider.settings
                if not isinstance(settings, HttpProviderSettings) or not settings.list_models:
                    continue
                if first_page(provider) is None:
                    log.warning("provider %s has no list of models, so its list_models has no effect", provider.name)
                    continue
                nursery.start_soon(self._keep, provider, settings.list_models, random)

    async def _keep(self, provider: Provider, interval: float, random: Random) -> None:
        while True:
            await self.refresh(provider)
            await trio.sleep(interval * random.uniform(1 - SPREAD, 1 + SPREAD))

    async def refresh(self, provider: Provider) -> None:
        """Ask for a provider's list once. The last good one stays where that fails, which the log tells once.

        A checkpoint.
        """
        try:
            listing = await list_models(provider)
        except GatewayError as error:
            if self._failed.get(provider.name) != error.code:
                log.warning("the models of provider %s could not be listed: %s", provider.name, error.message)
            self._failed[provider.name] = error.code
            return
        self._failed.pop(provider.name, None)
        if listing is not None:
            self.put(provider.name, listing)

    def put(self, provider: str, listing: Listing) -> None:
        """Take a list in place of the one before."""
        if listing != self._lists.get(provider):
            self._lists[provider] = listing
            self.version += 1

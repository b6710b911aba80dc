"""What the admin pages tell, as plain values taken from the running gateway."""

from __future__ import annotations

from typing import Any

import trio

from sluicegate.adapters.telemetry.figures import breakers_of, figures_of
from sluicegate.adapters.telemetry.snapshot import Snapshot, take_snapshot
from sluicegate.pipeline.config.mask import masked
from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.config.url_secrets import masked_url
from sluicegate.pipeline.gateway import Gateway


class Pages:
    """The admin room's view of one gateway.

    Args:
        gateway: The gateway.
        config: What it was built from.
        version: Its version.
    """

    def __init__(self, gateway: Gateway, config: GatewayConfig, *, version: str) -> None:
        self._gateway = gateway
        self._config = config
        self._version = version
        self._started = trio.current_time()

    def providers(self) -> dict[str, Any]:
        """Return every configured provider, those that were left out too."""
        running = self._gateway.resources.providers
        breakers = breakers_of(take_snapshot(self._gateway))
        return {
            "providers": [
                {
                    "name": name,
                    "type": settings.type,
                    "enabled": settings.enabled,
                    "running": name in running,
                    "base_url": masked_url(settings.base_url),
                    "has_key": bool(settings.api_key),
                    "models": list(running[name].translator.models()) if name in running else [],
                    "model_mapping": settings.model_mapping,
                    "breaker": breakers.get(name),
                }
                for name, settings in self._config.providers.items()
            ]
        }

    def config(self) -> dict[str, Any]:
        """Return the configuration with its secrets masked."""
        return masked(self._config)

    def circuit_breakers(self) -> dict[str, Any]:
        """Return the state of every breaker."""
        return {"circuit_breakers": breakers_of(take_snapshot(self._gateway))}

    async def metrics(self) -> dict[str, Any]:
        """Return all figures. A checkpoint."""
        snapshot = take_snapshot(self._gateway)
        head = {"version": self._version, "uptime_s": round(trio.current_time() - self._started, 3)}
        return {**head, **await trio.to_thread.run_sync(figures_of, snapshot)}

    async def prometheus(self) -> bytes:
        """Return all figures as a Prometheus scrape reads them. A checkpoint."""
        return await trio.to_thread.run_sync(_exposition, take_snapshot(self._gateway))


def _exposition(snapshot: Snapshot) -> bytes:
    from sluicegate.adapters.telemetry.exposition import exposition  # prometheus_client takes 50 ms, and few ask for it

    return exposition(snapshot)

"""What the admin pages tell, as plain values taken from the running gateway."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import trio

from sluicegate.adapters.telemetry.figures import breakers_of, figures_of
from sluicegate.adapters.telemetry.snapshot import Snapshot
from sluicegate.adapters.telemetry.view import OwnView, View
from sluicegate.pipeline.config.mask import masked
from sluicegate.pipeline.config.sections import GatewayConfig, HttpProviderSettings, ProviderSettings
from sluicegate.pipeline.config.url_secrets import masked_url
from sluicegate.pipeline.errors import InvalidRequest, NotFound
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.ledger import Ledger

from ..reloading import Reload

_Text = Annotated[str, msgspec.Meta(max_length=256)]


class Revocation(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which tokens are to be good for nothing: the one with an id, or all that a subject has been given so far."""

    jti: _Text = ""
    subject: _Text = ""
    issuer: _Text = ""


class Pages:
    """The admin room's view of one gateway.

    Args:
        gateway: The gateway.
        config: What it was built from.
        version: Its version.
        view: Where figures come from; from this gateway alone, if nothing else is given.
        reload: Reads the configuration anew, if anybody can.
    """

    def __init__(
        self,
        gateway: Gateway,
        config: GatewayConfig,
        *,
        version: str,
        view: View | None = None,
        reload: Reload | None = None,
    ) -> None:
        self._gateway = gateway
        self._config = config
        self._version = version
        self._reload = reload
        self._view = view or OwnView(gateway)

    @property
    def ledger(self) -> Ledger:
        """The gateway's ledger."""
        return self._gateway.resources.ledger

    async def providers(self) -> dict[str, Any]:
        """Return every configured provider, those that were left out too. A checkpoint, as are all that look."""
        return self._providers(await self._view.look())

    def _providers(self, snapshot: Snapshot) -> dict[str, Any]:
        running = self._gateway.resources.providers
        breakers = breakers_of(snapshot)
        return {
            "providers": [
                {
                    "name": name,
                    "type": settings.type,
                    "enabled": settings.enabled,
                    "running": name in running,
                    **_reached(settings),
                    "models": list(running[name].translator.models()) if name in running else [],
                    "model_mapping": settings.model_mapping,
                    "breaker": breakers.get(name),
                    "resting_keys": {key: round(left, 3) for key, left in snapshot.resting.get(name, {}).items()},
                }
                for name, settings in self._config.providers.items()
            ]
        }

    def config(self) -> dict[str, Any]:
        """Return the configuration with its secrets masked."""
        return masked(self._config)

    async def circuit_breakers(self) -> dict[str, Any]:
        """Return the state of every breaker."""
        return {"circuit_breakers": breakers_of(await self._view.look())}

    async def reload(self) -> dict[str, Any]:
        """Have the configuration read anew, and return what has changed. A checkpoint. Raises GatewayError."""
        if self._reload is None:
            raise NotFound("this gateway cannot reload its configuration", code="no_reload")
        return await self._reload()

    async def revoke_tokens(self, body: bytes) -> dict[str, Any]:
        """Revoke signed tokens, and return what was asked for. A checkpoint. Raises GatewayError."""
        tokens = self._gateway.resources.tokens
        if tokens is None:
            raise NotFound("signed tokens are off: auth.jwt has neither a secret nor issuers", code="tokens_off")
        try:
            asked = msgspec.json.decode(body, type=Revocation)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            asked = Revocation()
        if not asked.jti and not asked.subject:
            raise InvalidRequest("the body is JSON with jti or subject, and issuer where it is not this gateway")
        await tokens.revoke_by(issuer=asked.issuer, token_id=asked.jti, subject=asked.subject)
        return {"revoked": msgspec.to_builtins(asked)}

    async def metrics(self) -> dict[str, Any]:
        """Return all figures."""
        return await self._metrics(await self._view.look())

    async def dashboard(self) -> dict[str, Any]:
        """Return all figures, and the providers, of one moment."""
        snapshot = await self._view.look()
        return {**await self._metrics(snapshot), **self._providers(snapshot)}

    async def _metrics(self, snapshot: Snapshot) -> dict[str, Any]:
        return {"version": self._version, **await trio.to_thread.run_sync(figures_of, snapshot)}

    async def prometheus(self) -> bytes:
        """Return all figures as a Prometheus scrape reads them."""
        return await trio.to_thread.run_sync(_exposition, await self._view.look())


def _reached(settings: ProviderSettings) -> dict[str, Any]:
    """Return how a provider is reached, where that is over HTTP."""
    if not isinstance(settings, HttpProviderSettings):
        return {}
    keys = sum(bool(one.key) for one in settings.api_keys) or int(bool(settings.api_key))
    return {"base_url": masked_url(settings.base_url), "has_key": keys > 0, "keys": keys}


def _exposition(snapshot: Snapshot) -> bytes:
    from sluicegate.adapters.telemetry.exposition import exposition  # prometheus_client takes 50 ms, and few ask for it

    return exposition(snapshot)

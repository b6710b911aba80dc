"""With whose key a provider is asked: the gateway's only one, one of its several, or the caller's own."""

from __future__ import annotations

from collections.abc import Mapping

from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.config.sections import HttpProviderSettings
from sluicegate.pipeline.errors import GatewayError, InvalidRequest, Unauthorized
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.keyring import is_about_the_key
from sluicegate.pipeline.provider import Provider
from sluicegate.pipeline.provider_keys import PROVIDER_KEY
from sluicegate.pipeline.schemas.fields import MAX_NAME


def with_callers_key(exchange: Exchange, provider: Provider) -> Provider | None:
    """Return the provider with the key that the caller brought for it, or None where the gateway's own serves.

    Raises:
        InvalidRequest: The caller brought one, and may not, or one that cannot be sent.
        Unauthorized: There is no other key than the one that the caller did not bring.
    """
    key = exchange.request.provider_keys.get(provider.name)
    if key is None:
        settings = provider.settings
        if provider.with_key is None or (isinstance(settings, HttpProviderSettings) and settings.api_key):
            return None
        told = f"provider {provider.name!r} is asked with callers' own keys: send {PROVIDER_KEY}: {provider.name}=KEY"
        raise Unauthorized(told, code="provider_key_missing")
    if provider.with_key is None:
        raise InvalidRequest(f"provider {provider.name!r} takes no keys of callers", param=PROVIDER_KEY)
    try:
        return provider.with_key(Secret(key))
    except ValueError:
        told = f"the key for provider {provider.name!r} cannot be sent"
        raise InvalidRequest(told, param=PROVIDER_KEY) from None  # the cause may quote it


def check_callers_keys(exchange: Exchange, providers: Mapping[str, Provider]) -> None:
    """Raise InvalidRequest for a key that nobody would use: the gateway's own would pay in its place."""
    for name in exchange.request.provider_keys:
        if name not in providers or providers[name].with_key is None:
            raise InvalidRequest(f"provider {name[:MAX_NAME]!r} takes no keys of callers", param=PROVIDER_KEY)


def refused_key(provider: str) -> Unauthorized:
    """Return the error for a caller's key that a provider did not take."""
    told = f"provider {provider!r} did not accept your key, or it has no quota left"
    return Unauthorized(told, code="provider_key_refused", param=PROVIDER_KEY)


def is_the_callers_matter(error: GatewayError, _now: float) -> bool:
    """Say whether an attempt with a caller's key failed by that: it tells nothing of how others fare."""
    return is_about_the_key(error)

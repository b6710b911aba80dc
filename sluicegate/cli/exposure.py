"""Who can reach a gateway, and whether it asks them for a key."""

from __future__ import annotations

from sluicegate.adapters.http.sockets import is_loopback
from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.gateway import Gateway
from sluicegate.stages.auth import AuthSettings


def has_keys(config: GatewayConfig, *, kept: bool = False) -> bool:
    """Say whether callers need a key.

    Args:
        kept: Whether the database has keys, too.
    """
    auth = dict(config.stages).get("auth")
    return isinstance(auth, AuthSettings) and auth.enabled and (kept or auth.asks)


def needs_key(gateway: Gateway, config: GatewayConfig) -> bool:
    """Say whether callers need a key now."""
    return has_keys(config, kept=gateway.resources.directory.asks)


def exposure(config: GatewayConfig, *, kept: bool = False) -> str:
    """Return why a gateway with this configuration must not be started, or an empty string.

    Args:
        kept: Whether the database has keys, too.

    Raises:
        CannotListen: The host is no address.
    """
    if has_keys(config, kept=kept) or is_loopback(config.server.host):
        return ""
    return (
        f"refusing to listen on {config.server.host} without API keys, since anybody could use it: "
        "make one by `sluicegate keys create NAME`, set GATEWAY_API_KEYS, or listen on 127.0.0.1"
    )

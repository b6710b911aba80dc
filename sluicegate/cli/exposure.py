"""Who can reach a gateway, and whether it asks them for a key."""

from __future__ import annotations

from sluicegate.adapters.http.sockets import is_loopback
from sluicegate.pipeline.config.sections import GatewayConfig


def has_keys(config: GatewayConfig) -> bool:
    """Say whether callers need a key."""
    return bool(getattr(dict(config.stages).get("auth"), "api_keys", ()))


def exposure(config: GatewayConfig) -> str:
    """Return why a gateway with this configuration must not be started, or an empty string.

    Raises:
        CannotListen: The host is no address.
    """
    if has_keys(config) or is_loopback(config.server.host):
        return ""
    return (
        f"refusing to listen on {config.server.host} without API keys, since anybody could use it: "
        "set GATEWAY_API_KEYS, or listen on 127.0.0.1"
    )

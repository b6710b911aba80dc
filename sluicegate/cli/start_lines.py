"""What `sluicegate serve` says once requests are answered."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from importlib.metadata import version as version_of

from sluicegate.adapters.database.ledger import DatabaseLedger
from sluicegate.adapters.http.admin_key import VARIABLE, AdminKey
from sluicegate.adapters.http.sizes import size_text
from sluicegate.adapters.telemetry.log_writer import CAPACITY
from sluicegate.pipeline.config.load import Loaded
from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.config.store_settings import StoreSettings
from sluicegate.pipeline.config.units import show_duration
from sluicegate.pipeline.gateway import Gateway

from .bounds import bounds
from .exposure import has_keys

USUAL_MODEL = "gpt-4o-mini"
"""What to try where the configuration names no model."""


def start_lines(
    gateway: Gateway, loaded: Loaded, *, url: str, key: AdminKey, workers: int = 1, kept: bool = False
) -> Iterator[str]:
    """Yield the lines: what runs where, how much it may hold, and what to try first.

    Args:
        kept: Whether the database has keys.
    """
    config = loaded.config
    yield f"Sluicegate {version_of('sluicegate')} listens on {url}"
    yield f"  config     {loaded.source}"
    yield f"  stages     {' > '.join(name for name, _ in config.stages)}"
    yield f"  providers  {', '.join(_named(name, p.type) for name, p in config.providers.items()) or 'none'}"
    if config.stores:
        yield f"  stores     {', '.join(_store(name, one) for name, one in config.stores.items())}"
    if isinstance(ledger := gateway.resources.ledger, DatabaseLedger):
        time = config.database.retention
        yield f"  database   {ledger.database.shown}, {f'kept {show_duration(time)}' if time else 'kept for ever'}"
    if workers > 1:
        yield f"  workers    {workers}; SIGHUP reads the configuration anew and restarts them one by one"
    yield "  bounds     " + bounds_text(config, workers)
    yield f"  dashboard  {url}/dashboard (any name, the admin key as password)"
    yield "  admin key  " + _where(key)
    if not has_keys(config, kept=kept):
        yield "  keys       there are none, so requests need none: only this machine can reach the gateway"
        yield "  try        " + _curl(url, example_model(gateway, config), config.server.tls.certificate)
    else:
        yield "  keys       every request needs an API key"


def bounds_text(config: GatewayConfig, workers: int = 1) -> str:
    """Return what all workers of a gateway may hold at the very worst, and what that is the sum of."""
    found = {name: size * workers for name, size in bounds(config).items()}
    parts = ", ".join(f"{name} {size_text(size)}" for name, size in found.items())
    return f"{size_text(sum(found.values()))} at the very worst: {parts}; {CAPACITY * workers:,} log lines besides"


def example_model(gateway: Gateway, config: GatewayConfig) -> str:
    """Return a model that a first request may name."""
    for name in config.models:
        return name
    for name, provider in gateway.resources.providers.items():
        for model in provider.translator.models():
            return f"{name}/{model}"
    return f"{next(iter(gateway.resources.providers), 'provider')}/{USUAL_MODEL}"


def _store(name: str, settings: StoreSettings) -> str:
    if not settings.url:
        return f"{name} (no url: what names it stays in memory)"
    return f"{name} ({settings.type}, {settings.on_failure} on failure)"


def _named(name: str, kind: str) -> str:
    return name if name == kind else f"{name} ({kind})"


def _where(key: AdminKey) -> str:
    """Say where the admin key is, and show it when it is new."""
    if key.kept_in is None:
        return f"from {VARIABLE}"
    if key.made:
        return f"{key.value} (new; kept in {key.kept_in}, not shown again)"
    if key.exposed:
        return f"kept in {key.kept_in}, which others could read until now: remove it to have a new one made"
    return f"kept in {key.kept_in}"


def _curl(url: str, model: str, certificate: str) -> str:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello!"}]})
    # A certificate for a loopback address is one that no public authority has signed.
    trust = f"--cacert {shlex.quote(certificate)} " if certificate else ""
    return f"curl {trust}{url}/v1/chat/completions -H 'content-type: application/json' -d '{body}'"

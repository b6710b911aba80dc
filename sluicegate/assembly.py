"""Builds a gateway from a configuration: the one place that knows every room of the house."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from sluicegate.adapters.stores.cassettes import Cassettes
from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.breaker import Breaker
from sluicegate.pipeline.config.database_settings import DatabaseSettings
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.config.problems import ConfigError, Problem
from sluicegate.pipeline.config.sections import GatewayConfig, HttpProviderSettings, ProviderSettings
from sluicegate.pipeline.config.store_settings import MEMORY, StoreSettings
from sluicegate.pipeline.directory import Directory, NoDirectory, Tokens
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.keyring import Keyring
from sluicegate.pipeline.ledger import Ledger, NoLedger
from sluicegate.pipeline.pricing import Prices
from sluicegate.pipeline.provider import Carried, Provider, Transport, UpstreamRequest, UpstreamResponse
from sluicegate.pipeline.registry import Registry
from sluicegate.pipeline.resources import AccessLog, Resources
from sluicegate.pipeline.store import Store
from sluicegate.pipeline.topology import Placed, compile_topology
from sluicegate.stages.auth import AuthSettings
from sluicegate.stages.parts.keys import caller_of

if TYPE_CHECKING:
    from sluicegate.adapters.database.database import Database

FEW = 100
"""Connections for those who want providers and no gateway."""
WithKey = Callable[[Secret], Provider]


def build(
    config: GatewayConfig,
    registry: Registry | None = None,
    *,
    access_log: AccessLog | None = None,
    stores: Mapping[str, Store] | None = None,
    directory: Directory | None = None,
    revocations: Database | None = None,
    before: Gateway | None = None,
) -> Gateway:
    """Return a gateway that is ready to be run, inside a running trio program.

    Args:
        config: Checked, as `load` returns it.
        registry: Where stages and providers come from; the installed ones by default.
        access_log: Takes one record for each exchange that has ended.
        stores: What stages keep their state in, by name; by default ``memory`` is this process' own.
        directory: Knows the keys that are made while the gateway runs; by default there are none.
        revocations: Where revoked tokens are written, for others to hear of; by default they are this process' own.
        before: The running gateway whose place this one takes. What it has learnt of providers goes on: what has been
            seen of targets, and, where a provider's settings are the same, its breaker and its list of models.

    Raises:
        ConfigError: A stage or provider finds that its settings cannot be used.
        UnknownComponent: The configuration names a stage or provider type that the registry does not have.
        InvalidTopology: The stages cannot be joined as listed.
    """
    registry = registry or Registry()
    providers = _providers(config, registry)
    resources = Resources(
        providers=providers,
        models=config.models,
        breakers={name: Breaker(provider.settings.circuit_breaker) for name, provider in providers.items()},
        stores=_stores(config, stores or {}),
        closed_stores=frozenset(name for name, one in config.stores.items() if one.on_failure == "closed"),
        recorders=Cassettes(),
        prices=_prices(config),
        directory=directory or NoDirectory(),
        ledger=_ledger(config.database),
    )
    if before is not None:
        _take_over(resources, before.resources)
    resources.tokens = _tokens(config, resources, revocations)
    if access_log is not None:
        resources.access_log = access_log
    placed = []
    for name, settings in config.stages:
        spec = registry.stage(name)
        placed.append(Placed(name, spec.lane, _made(name, spec.component, settings, resources)))
    topology = compile_topology(placed, max_in_flight=config.server.max_in_flight)
    _connect(providers, max_connections=config.server.max_in_flight)
    return Gateway(topology, config.server, resources)


def _take_over(resources: Resources, before: Resources) -> None:
    """Go on with what another gateway has learnt of the same providers. Both may use it for as long as both run."""
    resources.observed = before.observed
    for name, provider in resources.providers.items():
        known = before.providers.get(name)
        if known is not None and (known.type, known.settings) == (provider.type, provider.settings):
            resources.breakers[name] = before.breakers[name]
            if (listing := before.live_models.of(name)) is not None:
                resources.live_models.put(name, listing)


def _stores(config: GatewayConfig, given: Mapping[str, Store]) -> dict[str, Store]:
    """Return all stores by name. What has no URL is memory under another name."""
    memory = given.get(MEMORY) or MemoryStore()
    configured = {
        name: _made(f"stores.{name}", _redis_store, name, settings) if settings.url else memory
        for name, settings in config.stores.items()
    }
    return {**configured, **given, MEMORY: memory}


def _redis_store(name: str, settings: StoreSettings) -> Store:
    # redis-py takes 90 ms to import, and only those need it who have a Redis.
    from sluicegate.adapters.stores.redis.address import read_address
    from sluicegate.adapters.stores.redis.store import RedisStore

    try:
        address = read_address(settings.url)
    except ValueError as error:
        raise ValueError(f"url {error}") from None
    return RedisStore(name, address, timeout=settings.timeout, prefix=settings.prefix)


def _tokens(config: GatewayConfig, resources: Resources, database: Database | None) -> Tokens | None:
    """Return who knows signed tokens, where the settings of `auth` want any."""
    auth = dict(config.stages).get("auth")
    if not isinstance(auth, AuthSettings) or not auth.enabled or not auth.jwt.used:
        return None
    from sluicegate.adapters.identity.jwt.own import StaticKey  # with it comes joserfc, which few need
    from sluicegate.adapters.identity.jwt.tokens import JwtTokens

    keys = [StaticKey(key.key, caller_of(key), key.enabled) for key in auth.api_keys]
    try:
        return JwtTokens(
            auth.jwt,
            keys,
            lambda: resources.directory,
            wall=lambda: resources.wall(),
            transport=lambda: _http_transport(FEW),
            database=database,
        )
    except ValueError as error:
        raise ConfigError([Problem(str(error), "wrong-value", path="auth.jwt.secret")]) from error


class _NotYet:
    """Stands for the shared transport until that is made."""

    async def send(self, request: UpstreamRequest, *, connect: float) -> UpstreamResponse:
        raise RuntimeError("a request was sent before the gateway was built")

    async def aclose(self) -> None:
        """Do nothing: there is no connection."""


_NOT_YET = _NotYet()


def open_providers(config: GatewayConfig, registry: Registry) -> dict[str, Provider]:
    """Return the providers alone, with a few connections for each. Raises as `build` does for them."""
    providers = _providers(config, registry)
    _connect(providers, max_connections=FEW)
    return providers


async def close_providers(providers: Mapping[str, Provider]) -> None:
    """Close what `open_providers` has opened. A checkpoint."""
    await Resources(providers=providers).aclose()


def _connect(providers: dict[str, Provider], *, max_connections: int) -> None:
    """Give providers without a transport of their own the shared one, or that of HTTP/2.

    It is made last of all: were anything wrong with what comes after it, nobody would close it.
    """
    shared: dict[bool, Transport] = {}
    for provider in providers.values():
        if provider.transport is not _NOT_YET:
            if provider.with_key is not None:
                provider.with_key = _carried_by(provider, provider.with_key)
            continue
        settings = provider.settings
        if not isinstance(settings, HttpProviderSettings):
            raise TypeError(f"provider type {provider.type!r} has no transport, and settings that are not of HTTP")
        if settings.http2 not in shared:
            shared[settings.http2] = _http2_transport() if settings.http2 else _http_transport(max_connections)
        carrier = shared[settings.http2]
        for one in [provider] if provider.keys is None else [provider, *provider.keys.providers]:
            _carry(one, carrier, settings)
        if provider.with_key is not None:
            provider.with_key = _carried(provider.with_key, carrier, settings)


def _carry(provider: Provider, carrier: Transport, settings: HttpProviderSettings) -> Provider:
    """Give a provider the transport that it is reached by, and return it."""
    translator = provider.translator
    provider.transport = translator.over(carrier) if isinstance(translator, Carried) else carrier
    provider.connect = settings.timeout.connect
    return provider


def _carried_by(provider: Provider, make: WithKey) -> WithKey:
    """Return what makes a provider with a caller's key on a transport of the provider's own, which is closed once."""
    return lambda key: replace(make(key), transport=provider.transport)


def _carried(make: WithKey, carrier: Transport, settings: HttpProviderSettings) -> WithKey:
    """Return what makes a provider with a caller's key, and gives it its transport too."""
    return lambda key: _carry(make(key), carrier, settings)


def _providers(config: GatewayConfig, registry: Registry) -> dict[str, Provider]:
    providers = {}
    for name, settings in config.providers.items():
        make = partial(_provider, registry.provider(settings.type).component, name)
        if not isinstance(settings, HttpProviderSettings):
            providers[name] = make(settings)
            continue
        keys = [(_with_key(make, settings, key.key), key.weight) for key in settings.api_keys if key.key]
        provider = keys[0][0] if len(keys) == 1 else make(_first_key(settings))
        provider.keys = Keyring(keys) if len(keys) > 1 else None
        provider.with_key = partial(_with_key, make, settings) if settings.callers_keys else None
        providers[name] = provider
    return providers


def _provider(component: Callable[..., Any], name: str, settings: ProviderSettings) -> Provider:
    translator = _made(f"providers.{name}", component, name, settings)
    own = translator.transport()
    return Provider(name, settings.type, settings, translator, _NOT_YET if own is None else own)


def _with_key(make: Callable[[ProviderSettings], Provider], settings: HttpProviderSettings, key: Secret) -> Provider:
    """Return the provider as one key has it. Raises ValueError for a key that cannot be sent."""
    return make(msgspec.structs.replace(settings, api_key=key, api_keys=()))


def _first_key(settings: HttpProviderSettings) -> HttpProviderSettings:
    """Return the settings with the first of several keys as the only one."""
    key = next((one.key for one in settings.api_keys if one.key), settings.api_key)
    return msgspec.structs.replace(settings, api_key=key, api_keys=())


def _made(path: str, component: Callable[..., Any], *arguments: Any) -> Any:
    """Make a stage or a translator. Some of what is wrong with settings is known only to the one that they are for."""
    try:
        return component(*arguments)
    except ValueError as error:
        raise ConfigError([Problem(str(error), "wrong-value", path=path)]) from error


def _prices(config: GatewayConfig) -> Prices:
    from sluicegate.adapters.prices.known import KnownPrices  # not before a gateway is built

    return KnownPrices(config)


def _ledger(settings: DatabaseSettings) -> Ledger:
    """Return the ledger in the database that is configured, if any is. Raises ConfigError."""
    if not settings.url:
        return NoLedger()
    from sluicegate.adapters.database.database import BadDatabaseUrl
    from sluicegate.adapters.database.open import open_ledger

    try:
        return open_ledger(settings)
    except BadDatabaseUrl as error:
        raise ConfigError([Problem(str(error), "wrong-value", path="database.url")]) from error


def _http_transport(max_connections: int) -> Transport:
    from sluicegate.adapters.upstream.http import HttpTransport  # its imports take 60 ms, and the simulator needs none

    return HttpTransport(max_connections=max_connections)


def _http2_transport() -> Transport:
    from sluicegate.adapters.upstream.http2 import Http2Transport

    return Http2Transport()

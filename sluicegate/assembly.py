"""Builds a gateway from a configuration: the one place that knows every room of the house."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sluicegate.adapters.stores.cassettes import Cassettes
from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.breaker import Breaker
from sluicegate.pipeline.config.problems import ConfigError, Problem
from sluicegate.pipeline.config.sections import GatewayConfig, HttpProviderSettings
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.provider import Carried, Provider, Transport, UpstreamRequest, UpstreamResponse
from sluicegate.pipeline.registry import Registry
from sluicegate.pipeline.resources import AccessLog, Resources
from sluicegate.pipeline.store import Store
from sluicegate.pipeline.topology import Placed, compile_topology


def build(
    config: GatewayConfig,
    registry: Registry | None = None,
    *,
    access_log: AccessLog | None = None,
    stores: Mapping[str, Store] | None = None,
) -> Gateway:
    """Return a gateway that is ready to be run, inside a running trio program.

    Args:
        config: Checked, as `load` returns it.
        registry: Where stages and providers come from; the installed ones by default.
        access_log: Takes one record for each exchange that has ended.
        stores: What stages keep their state in, by name; by default ``memory`` is this process' own.

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
        stores={"memory": MemoryStore(), **(stores or {})},
        recorders=Cassettes(),
    )
    if access_log is not None:
        resources.access_log = access_log
    placed = []
    for name, settings in config.stages:
        spec = registry.stage(name)
        placed.append(Placed(name, spec.lane, _made(name, spec.component, settings, resources)))
    topology = compile_topology(placed, max_in_flight=config.server.max_in_flight)
    _connect(providers, max_connections=config.server.max_in_flight)
    return Gateway(topology, config.server, resources)


class _NotYet:
    """Stands for the shared transport until that is made."""

    async def send(self, request: UpstreamRequest, *, connect: float) -> UpstreamResponse:
        raise RuntimeError("a request was sent before the gateway was built")

    async def aclose(self) -> None:
        """Do nothing: there is no connection."""


_NOT_YET = _NotYet()


def _connect(providers: dict[str, Provider], *, max_connections: int) -> None:
    """Give providers without a transport of their own the shared one, or that of HTTP/2.

    It is made last of all: were anything wrong with what comes after it, nobody would close it.
    """
    shared: dict[bool, Transport] = {}
    for provider in providers.values():
        if provider.transport is not _NOT_YET:
            continue
        settings = provider.settings
        if not isinstance(settings, HttpProviderSettings):
            raise TypeError(f"provider type {provider.type!r} has no transport, and settings that are not of HTTP")
        if settings.http2 not in shared:
            shared[settings.http2] = _http2_transport() if settings.http2 else _http_transport(max_connections)
        carrier = shared[settings.http2]
        translator = provider.translator
        provider.transport = translator.over(carrier) if isinstance(translator, Carried) else carrier
        provider.connect = settings.timeout.connect


def _providers(config: GatewayConfig, registry: Registry) -> dict[str, Provider]:
    providers = {}
    for name, settings in config.providers.items():
        translator = _made(f"providers.{name}", registry.provider(settings.type).component, name, settings)
        own = translator.transport()
        providers[name] = Provider(name, settings.type, settings, translator, _NOT_YET if own is None else own)
    return providers


def _made(path: str, component: Callable[..., Any], *arguments: Any) -> Any:
    """Make a stage or a translator. Some of what is wrong with settings is known only to the one that they are for."""
    try:
        return component(*arguments)
    except ValueError as error:
        raise ConfigError([Problem(str(error), "wrong-value", path=path)]) from error


def _http_transport(max_connections: int) -> Transport:
    from sluicegate.adapters.upstream.http import HttpTransport  # its imports take 60 ms, and the simulator needs none

    return HttpTransport(max_connections=max_connections)


def _http2_transport() -> Transport:
    from sluicegate.adapters.upstream.http2 import Http2Transport

    return Http2Transport()

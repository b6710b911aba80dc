"""The sections of a configuration that belong to no stage: server, providers, models.

A stage's own section is described by the settings class it is registered with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from .checks import Check, Checked, Fault, check
from .database_settings import DatabaseSettings
from .kinds import Duration, Secret, Share, Size
from .limit_sections import CappedSettings
from .model_settings import ModelSettings
from .store_settings import StoreSettings
from .stream_settings import StreamSettings
from .wire_checks import (
    absolute_url,
    http2_inside_of_tls,
    origins,
    sendable_headers,
    sendable_key,
    sendable_keys,
)

if TYPE_CHECKING:
    from .price_settings import PriceSettings  # which takes two milliseconds that a program without any can do without


@check("certificate", "key")
def _both_files(certificate: str, key: str) -> Iterator[Fault]:
    """Refuse one without the other: it would look like TLS, and be none."""
    if bool(certificate) != bool(key):
        given, missing = ("certificate", "key") if certificate else ("key", "certificate")
        yield Fault((given,), f"{missing} is missing: TLS takes both a certificate and its key")


@check("max_incoming", "max_body")
def _room_for_one_body(max_incoming: int, max_body: int) -> Iterator[Fault]:
    """Refuse bounds of which one can never be reached."""
    if max_incoming < max_body:
        yield Fault(("max_incoming",), "must be at least max_body, or a body of that size finds no room")


class CorsSettings(Checked, kw_only=True, frozen=True):
    """Which web pages may call the gateway from a browser."""

    checks: ClassVar[tuple[Check, ...]] = (origins,)

    allowed_origins: Annotated[
        tuple[str, ...], Meta(description="Origins that may call, such as https://app.example, or * for any.")
    ] = ()


class ServerTlsSettings(Checked, kw_only=True, frozen=True):
    """How the gateway proves who it is. Without both files it speaks plain HTTP."""

    checks: ClassVar[tuple[Check, ...]] = (_both_files,)

    certificate: Annotated[
        str, Meta(description="A PEM file with the certificate, and those between it and its CA.")
    ] = ""
    key: Annotated[str, Meta(description="A PEM file with its private key, not encrypted.")] = ""


class PatienceSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How long a client's connection may be silent."""

    idle: Annotated[
        Duration,
        Meta(gt=0, description="Between two requests; longer than a load balancer in front keeps its own connections."),
    ] = 75.0
    body: Annotated[Duration, Meta(gt=0, description="Between two bytes of a request's body; HTTP/1.x only.")] = 60.0
    write: Annotated[Duration, Meta(gt=0, description="Without taking a byte of its answer.")] = 30.0


class ServerSettings(Checked, kw_only=True, frozen=True):
    """Where the gateway listens, and what it admits."""

    checks: ClassVar[tuple[Check, ...]] = (_room_for_one_body,)

    host: Annotated[str, Meta(description="The address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="The port to listen on; 0 takes a free one.")] = 3000
    workers: Annotated[
        Annotated[int, Meta(ge=1, le=256)] | Literal["auto"],
        Meta(description="Processes that serve; auto is one for each core that may be used. A library has one."),
    ] = 1
    max_body: Annotated[Size, Meta(ge=1, description="The largest request body.")] = 10 * 1024 * 1024
    max_upload: Annotated[
        Size,
        Meta(
            ge=1,
            description="The largest body with files, or of a pass-through. From 1 MiB on it waits on disk, in a file "
            "without a name; what is waiting counts towards max_incoming, which is also the most that one may have.",
        ),
    ] = 25 * 1024 * 1024
    max_in_flight: Annotated[
        int, Meta(ge=1, description="Requests under way at once in a worker; one more gets 503.")
    ] = 10_000
    max_incoming: Annotated[
        Size,
        Meta(ge=1, description="Bytes of incomplete bodies and of files in a worker, together; else 503."),
    ] = 256 * 1024 * 1024
    timeout: Annotated[
        Duration, Meta(gt=0, description="The one deadline of a request; x-sluicegate-timeout may shorten it.")
    ] = 600.0
    drain: Annotated[
        Duration, Meta(ge=0, description="How long SIGTERM, and a reload, wait for what is under way.")
    ] = 30.0
    watch: Annotated[
        bool,
        Meta(description="true reloads when the configuration's file changes, or a secret's that it names."),
    ] = False
    tls: Annotated[ServerTlsSettings, Meta(description="HTTPS; off unless both files are named.")] = ServerTlsSettings()
    patience: Annotated[PatienceSettings, Meta(description="How long a client's connection may be silent.")] = (
        PatienceSettings()
    )
    half_close: Annotated[
        bool,
        Meta(
            description="true serves on after a client has closed its own side, until a write fails; HTTP/1.x only. "
            "Otherwise that counts as leaving, and ends its request at once."
        ),
    ] = False
    stream: Annotated[StreamSettings, Meta(description="How streams leave.")] = StreamSettings()
    cors: Annotated[CorsSettings, Meta(description="Cross-origin calls; off unless origins are listed.")] = (
        CorsSettings()
    )


class MetricsSettings(msgspec.Struct, kw_only=True, frozen=True):
    """Who may read the figures."""

    public: Annotated[bool, Meta(description="true opens /metrics and /metrics/prometheus to everybody.")] = False


class TimeoutSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How long a provider may take. All of it lies inside the request's own deadline."""

    response: Annotated[
        Annotated[Duration, Meta(gt=0)] | None,
        Meta(description="For a plain call: to the whole answer. Unset means total."),
    ] = None
    first_token: Annotated[
        Duration, Meta(gt=0, description="For a stream: to the first content, reasoning included.")
    ] = 60.0
    idle: Annotated[Duration, Meta(gt=0, description="For a stream: between two events, once there is content.")] = 30.0
    min_throughput: Annotated[
        float, Meta(ge=0, description="For a stream: events with content a second, once there is content; 0 for any.")
    ] = 0.0
    throughput_window: Annotated[
        Duration, Meta(ge=1, description="How long a stream may fall below that; waits for the client do not count.")
    ] = 10.0
    total: Annotated[Duration, Meta(gt=0, description="For one attempt, streams to their end.")] = 300.0


class HttpTimeoutSettings(TimeoutSettings, kw_only=True, frozen=True):
    """The same for a provider that is reached over HTTP."""

    connect: Annotated[Duration, Meta(gt=0, description="To open a connection.")] = 5.0


class BreakerSettings(msgspec.Struct, kw_only=True, frozen=True):
    """When to leave a failing provider alone: all of it, whichever of its models failed."""

    failures: Annotated[
        int, Meta(ge=1, description="Faults in a row, of all its models together, that open the breaker.")
    ] = 5
    failure_rate: Annotated[
        Share, Meta(description="The share of faults among the calls of the window that opens it too; 0 for none.")
    ] = 0.0
    window: Annotated[Duration, Meta(ge=1, description="How far back that share looks.")] = 60.0
    minimum_calls: Annotated[int, Meta(ge=1, description="Fewer calls in the window tell nothing.")] = 20
    recovery: Annotated[Duration, Meta(gt=0, description="How long it stays open before calls may try.")] = 30.0
    half_open_calls: Annotated[
        int, Meta(ge=1, le=1000, description="Calls that may try then at once; as many have to go well to close it.")
    ] = 1


class ProviderSettings(msgspec.Struct, kw_only=True, frozen=True):
    """What every provider can be told, however it answers. A provider's own settings class extends this or the next."""

    type: Annotated[str, Meta(description="Which API it speaks; see `sluicegate list`.")]
    enabled: Annotated[bool, Meta(description="false leaves the provider out.")] = True
    timeout: Annotated[TimeoutSettings, Meta(description="How long it may take.")] = TimeoutSettings()
    max_retries: Annotated[
        int, Meta(ge=0, le=10, description="How often one target is asked again for one request.")
    ] = 2
    retry_delay: Annotated[
        Duration, Meta(ge=0, description="The first pause before asking again; doubles, with full jitter.")
    ] = 0.5
    model_mapping: Annotated[dict[str, str], Meta(description="The caller's model names to the provider's own.")] = {}
    strict: Annotated[
        bool, Meta(description="Refuse what this provider's API cannot be told, instead of leaving hints out.")
    ] = False
    circuit_breaker: Annotated[BreakerSettings, Meta(description="When to leave it alone, with all of its models.")] = (
        BreakerSettings()
    )
    rate_limit: Annotated[
        CappedSettings, Meta(description="How much all callers together may use it; then the next target is asked.")
    ] = CappedSettings()


class KeySettings(msgspec.Struct, kw_only=True, frozen=True):
    """One of several keys of a provider."""

    key: Annotated[Secret, Meta(description="The key itself; one that is empty is left out.")]
    weight: Annotated[
        int, Meta(ge=1, le=1000, description="Its part of the calls, beside the weights of the others.")
    ] = 1


@check("api_key", "api_keys[].key")
def _one_way_to_say_it(api_key: str, keys: Mapping[int, str]) -> Iterator[Fault]:
    """Refuse two ways to name keys, and one key under two weights."""
    if api_key and any(keys.values()):
        yield Fault(("api_keys",), "stands beside api_key: name all keys here, or the one key there")
    first: dict[str, int] = {}
    for at, key in keys.items():
        if key and first.setdefault(key.strip(), at) != at:
            yield Fault(("api_keys", at, "key"), f"is the same key as that of api_keys[{first[key.strip()]}]")


class HttpProviderSettings(ProviderSettings, Checked, kw_only=True, frozen=True):
    """What every provider can be told that is reached over HTTP."""

    checks: ClassVar[tuple[Check, ...]] = (
        absolute_url,
        http2_inside_of_tls,
        sendable_key,
        sendable_keys,
        _one_way_to_say_it,
        sendable_headers,
    )

    api_key: Annotated[Secret, Meta(description="The gateway's own key for this provider.")] = Secret("")
    api_keys: Annotated[
        tuple[KeySettings, ...],
        Meta(description="Several keys in place of one; one that is refused or rate-limited rests while others go on."),
    ] = ()
    callers_keys: Annotated[
        bool,
        Meta(description="true lets callers bring keys of their own, in the header x-sluicegate-provider-key."),
    ] = False
    base_url: Annotated[str, Meta(description="Where its API is; each type has its default.")] = ""
    http2: Annotated[
        bool,
        Meta(description="true asks over HTTP/2 if the upstream speaks it. HTTP/1.1 costs this gateway less."),
    ] = False
    headers: Annotated[
        dict[str, Secret], Meta(description="Headers to send with each request; their values are never shown.")
    ] = msgspec.field(default_factory=dict)
    timeout: Annotated[HttpTimeoutSettings, Meta(description="How long it may take.")] = HttpTimeoutSettings()
    list_models: Annotated[
        Duration,
        Meta(ge=0, description="How often to ask it which models it has, for /v1/models; 0s never asks."),
    ] = 0.0


class ProxyProviderSettings(HttpProviderSettings, kw_only=True, frozen=True):
    """What those can be told besides whose whole API may be opened to callers."""

    proxy: Annotated[
        bool,
        Meta(
            description="true opens all below base_url to callers, with this provider's key, as "
            "/v1/proxy/PROVIDER/PATH; filter and cache do not look into it."
        ),
    ] = False


SINGLE_SECTIONS: dict[str, tuple[type[msgspec.Struct], str]] = {
    "server": (ServerSettings, "Where the gateway listens, and what it admits."),
    "metrics": (MetricsSettings, "Who may read the figures."),
    "database": (DatabaseSettings, "Where the ledger, and keys that are made while the gateway runs, are kept."),
}
"""Sections of the top level that are one settings object each, and what they are for."""


class GatewayConfig(msgspec.Struct, kw_only=True, frozen=True):
    """A whole configuration, checked and converted.

    Attributes:
        stores: By name; memory stands in for one without a URL.
        providers: By name; each an instance of its type's own settings class.
        stages: (name, settings) in the order of the pipeline; disabled ones are not in it.
    """

    server: ServerSettings = ServerSettings()
    metrics: MetricsSettings = MetricsSettings()
    stores: dict[str, StoreSettings] = {}
    database: DatabaseSettings = DatabaseSettings()
    providers: dict[str, ProviderSettings] = {}
    models: dict[str, ModelSettings] = {}
    prices: dict[str, PriceSettings] = {}
    stages: tuple[tuple[str, msgspec.Struct], ...] = ()

"""The sections of a configuration that belong to no stage: server, providers, models.

A stage's own section is described by the settings class it is registered with.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from .kinds import Duration, Secret, Size

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2"""
_OF_THE_CONNECTION = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""Headers that say how one message is framed and routed: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1"""


_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[^\s/?#@*:]+)(:[0-9]+)?/?", re.IGNORECASE)


class CorsSettings(msgspec.Struct, kw_only=True, frozen=True):
    """Which web pages may call the gateway from a browser."""

    allowed_origins: Annotated[
        tuple[str, ...], Meta(description="Origins that may call, such as https://app.example, or * for any.")
    ] = ()

    def __post_init__(self) -> None:
        """Refuse what no browser ever sends as its origin: https://www.rfc-editor.org/rfc/rfc6454#section-6.2."""
        for origin in self.allowed_origins:
            if origin != "*" and _ORIGIN.fullmatch(origin) is None:
                raise ValueError(f"{origin!r} is no origin: write scheme://host, such as https://app.example, or *")


class ServerTlsSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How the gateway proves who it is. Without both files it speaks plain HTTP."""

    certificate: Annotated[
        str, Meta(description="A PEM file with the certificate, and those between it and its CA.")
    ] = ""
    key: Annotated[str, Meta(description="A PEM file with its private key, not encrypted.")] = ""

    def __post_init__(self) -> None:
        """Refuse one without the other: it would look like TLS, and be none."""
        if bool(self.certificate) != bool(self.key):
            missing = "key" if self.certificate else "certificate"
            raise ValueError(f"{missing} is missing: TLS takes both a certificate and its key")


class PatienceSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How long a client's connection may be silent."""

    idle: Annotated[
        Duration,
        Meta(gt=0, description="Between two requests; longer than a load balancer in front keeps its own connections."),
    ] = 75.0
    body: Annotated[Duration, Meta(gt=0, description="Between two bytes of a request's body; HTTP/1.x only.")] = 60.0
    write: Annotated[Duration, Meta(gt=0, description="Without taking a byte of its answer.")] = 30.0


class ServerSettings(msgspec.Struct, kw_only=True, frozen=True):
    """Where the gateway listens, and what it admits."""

    host: Annotated[str, Meta(description="The address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="The port to listen on; 0 takes a free one.")] = 3000
    workers: Annotated[
        Annotated[int, Meta(ge=1, le=256)] | Literal["auto"],
        Meta(description="Processes that serve; auto is one for each core that may be used. A library has one."),
    ] = 1
    max_body: Annotated[Size, Meta(ge=1, description="The largest request body.")] = 10 * 1024 * 1024
    max_in_flight: Annotated[
        int, Meta(ge=1, description="Requests under way at once in a worker; one more gets 503.")
    ] = 10_000
    max_incoming: Annotated[
        Size,
        Meta(ge=1, description="Bytes of incomplete bodies in a worker, together; what finds no room gets 503."),
    ] = 256 * 1024 * 1024
    timeout: Annotated[
        Duration, Meta(gt=0, description="The one deadline of a request; x-sluicegate-timeout may shorten it.")
    ] = 600.0
    drain: Annotated[Duration, Meta(ge=0, description="How long SIGTERM waits for what is under way.")] = 30.0
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
    cors: Annotated[CorsSettings, Meta(description="Cross-origin calls; off unless origins are listed.")] = (
        CorsSettings()
    )

    def __post_init__(self) -> None:
        """Refuse bounds of which one can never be reached."""
        if self.max_incoming < self.max_body:
            raise ValueError("max_incoming must be at least max_body, or a body of that size finds no room")


class MetricsSettings(msgspec.Struct, kw_only=True, frozen=True):
    """Who may read the figures."""

    public: Annotated[bool, Meta(description="true opens /metrics and /metrics/prometheus to everybody.")] = False


class TimeoutSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How long a provider may take. All of it lies inside the request's own deadline."""

    connect: Annotated[Duration, Meta(gt=0, description="To open a connection.")] = 5.0
    response: Annotated[
        Annotated[Duration, Meta(gt=0)] | None,
        Meta(description="For a plain call: to the whole answer. Unset means total."),
    ] = None
    first_token: Annotated[
        Duration, Meta(gt=0, description="For a stream: to the first content, reasoning included.")
    ] = 60.0
    idle: Annotated[Duration, Meta(gt=0, description="For a stream: between two events, once there is content.")] = 30.0
    total: Annotated[Duration, Meta(gt=0, description="For one attempt, streams to their end.")] = 300.0


class BreakerSettings(msgspec.Struct, kw_only=True, frozen=True):
    """When to leave a failing provider alone: all of it, whichever of its models failed."""

    failures: Annotated[
        int, Meta(ge=1, description="Faults in a row, of all its models together, that open the breaker.")
    ] = 5
    recovery: Annotated[Duration, Meta(gt=0, description="How long it stays open before one call may try.")] = 30.0


class ProviderSettings(msgspec.Struct, kw_only=True, frozen=True):
    """What every provider can be told. A provider's own settings class extends this one."""

    type: Annotated[str, Meta(description="Which API it speaks; see `sluicegate list`.")]
    enabled: Annotated[bool, Meta(description="false leaves the provider out.")] = True
    api_key: Annotated[Secret, Meta(description="The gateway's own key for this provider.")] = Secret("")
    base_url: Annotated[str, Meta(description="Where its API is; each type has its default.")] = ""
    http2: Annotated[
        bool,
        Meta(description="true asks over HTTP/2 if the upstream speaks it. HTTP/1.1 costs this gateway less."),
    ] = False
    timeout: Annotated[TimeoutSettings, Meta(description="How long it may take.")] = TimeoutSettings()
    max_retries: Annotated[
        int, Meta(ge=0, le=10, description="How often one target is asked again for one request.")
    ] = 2
    retry_delay: Annotated[
        Duration, Meta(ge=0, description="The first pause before asking again; doubles, with full jitter.")
    ] = 0.5
    model_mapping: Annotated[dict[str, str], Meta(description="The caller's model names to the provider's own.")] = {}
    headers: Annotated[
        dict[str, Secret], Meta(description="Headers to send with each request; their values are never shown.")
    ] = {}
    strict: Annotated[
        bool, Meta(description="Refuse what this provider's API cannot be told, instead of leaving hints out.")
    ] = False
    circuit_breaker: Annotated[BreakerSettings, Meta(description="When to leave it alone, with all of its models.")] = (
        BreakerSettings()
    )

    def __post_init__(self) -> None:
        """Refuse what no URL and no header can hold. The values themselves are never told: they may be the key."""
        if self.base_url:
            _check_url(self.base_url)
            if self.http2 and not self.base_url.strip().lower().startswith("https:"):
                raise ValueError("http2 needs a base_url with https: only inside of TLS is HTTP/2 agreed on")
        if not _sendable(self.api_key.strip()):
            raise ValueError("api_key has a character that no HTTP header may have")
        for name, value in self.headers.items():
            if _HEADER_NAME.fullmatch(name.strip()) is None:
                raise ValueError(f"{name!r} is no name of an HTTP header")
            if name.strip().lower() in _OF_THE_CONNECTION:
                raise ValueError(f"header {name!r} belongs to the connection, which sets it")
            if not _sendable(value.strip()):
                raise ValueError(f"header {name!r} has a character that no HTTP header may have")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url.strip())
        absolute = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        absolute = False
    if not absolute:
        raise ValueError("base_url must be an absolute URL, such as https://api.openai.com/v1")


def _sendable(value: str) -> bool:
    return value.isascii() and (value.isprintable() or not value)


class ModelSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How a public model name is served."""

    targets: Annotated[
        tuple[str, ...], Meta(min_length=1, description="provider/model, in the order in which they are tried.")
    ]
    strategy: Annotated[
        Literal["single", "fallback"],
        Meta(description="single asks the first target only; fallback goes on to the next."),
    ] = "fallback"


SINGLE_SECTIONS: dict[str, tuple[type[msgspec.Struct], str]] = {
    "server": (ServerSettings, "Where the gateway listens, and what it admits."),
    "metrics": (MetricsSettings, "Who may read the figures."),
}
"""Sections of the top level that are one settings object each, and what they are for."""


class GatewayConfig(msgspec.Struct, kw_only=True, frozen=True):
    """A whole configuration, checked and converted.

    Attributes:
        providers: By name; each an instance of its type's own settings class.
        stages: (name, settings) in the order of the pipeline; disabled ones are not in it.
    """

    server: ServerSettings = ServerSettings()
    metrics: MetricsSettings = MetricsSettings()
    providers: dict[str, ProviderSettings] = {}
    models: dict[str, ModelSettings] = {}
    stages: tuple[tuple[str, msgspec.Struct], ...] = ()

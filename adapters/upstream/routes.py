"""Where a request goes: to its host, to a proxy, or through one."""

from __future__ import annotations

from dataclasses import dataclass, field

from .tls import TlsSettings


@dataclass(frozen=True, slots=True)
class ProxyServer:
    """A proxy. ``authorization`` is the value of its header, or empty."""

    host: str
    port: int
    tls: TlsSettings | None = None
    authorization: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """What connections are told apart by. Requests with equal routes may use each other's connections.

    A request that a proxy forwards, without a tunnel, has a route to the proxy itself.

    Attributes:
        tls: How the host proves who it is, or None for plain HTTP.
        proxy: The proxy to make a tunnel through.
    """

    host: str
    port: int
    tls: TlsSettings | None = None
    proxy: ProxyServer | None = None

"""Proxies: which one a URL needs, and tunnels through them.

The environment is read as curl and httpx read it: ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``, in
either case. ``NO_PROXY`` takes names (with all below them), addresses, networks such as ``10.0.0.0/8``, ports, ``*``.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.request import getproxies_environment

import httpx

from .channel import Channel
from .h1_reader import H1Reader
from .routes import ProxyServer, Route
from .tls import TlsSettings

_PORTS = {"http": 80, "https": 443}


class Proxies:
    """Which proxy a URL needs.

    Args:
        urls: The proxy of each scheme, as a URL; ``all`` stands for those without one.
        exempt: What needs none, as ``NO_PROXY`` says it.
        tls: How a proxy behind an https URL proves who it is.
    """

    def __init__(self, urls: Mapping[str, str], exempt: str = "", tls: TlsSettings | None = None) -> None:
        self._urls = {scheme: url for scheme, url in urls.items() if url}
        self._exempt = [entry.strip().lower() for entry in exempt.split(",") if entry.strip()]
        self._tls = tls or TlsSettings()

    @classmethod
    def from_environment(cls, tls: TlsSettings | None = None) -> Proxies:
        """Return those that the environment names."""
        found = getproxies_environment()
        return cls(found, found.get("no", ""), tls)

    def find(self, scheme: str, host: str, port: int) -> ProxyServer | None:
        """Return the proxy for a scheme, host and port, or None.

        Raises:
            httpx.ProxyError: It is none that can be used.
        """
        url = self._urls.get(scheme) or self._urls.get("all")
        if url is None or any(_covers(entry, host.lower(), port) for entry in self._exempt):
            return None
        try:
            proxy = httpx.Proxy(url if "://" in url else f"http://{url}")
        except (ValueError, httpx.InvalidURL):
            raise httpx.ProxyError("its URL is none of an http or https proxy") from None  # it may hold a password
        if proxy.url.scheme not in _PORTS or not proxy.url.host:
            raise httpx.ProxyError("only http and https proxies can be used")
        tls = self._tls if proxy.url.scheme == "https" else None
        authorization = basic(*proxy.raw_auth) if proxy.raw_auth else b""
        return ProxyServer(proxy.url.host, proxy.url.port or _PORTS[proxy.url.scheme], tls, authorization)


def basic(user: bytes, password: bytes) -> bytes:
    """Return the value of a header that names a user: https://www.rfc-editor.org/rfc/rfc7617."""
    return b"Basic " + b64encode(user + b":" + password)


async def open_tunnel(channel: Channel, route: Route, authorization: bytes) -> None:
    """Make a proxy connect this channel to a route's host. A checkpoint.

    Raises:
        httpx.ProxyError: It does not.
    """
    target = b"%b:%d" % (bracketed(route.host), route.port)
    lines = [b"CONNECT %b HTTP/1.1" % target, b"host: " + target]
    if authorization:
        lines.append(b"proxy-authorization: " + authorization)
    reader = H1Reader("CONNECT")
    try:
        if not channel.start(b"\r\n".join([*lines, b"", b""])):
            await channel.flush()
        while not reader.head_done and reader.fault is None:
            if data := await channel.receive():
                reader.feed(data)
            else:
                reader.end()
    except (httpx.ReadError, httpx.WriteError) as error:
        raise httpx.ProxyError(f"the proxy broke off: {error}") from error
    if reader.head_done and not 200 <= reader.status < 300:
        raise httpx.ProxyError(f"the proxy answered {reader.status}")
    if reader.fault is not None or reader.surplus:
        raise httpx.ProxyError("the proxy's answer makes no sense") from reader.fault


def bracketed(host: str) -> bytes:
    """Return a host as it stands before a port."""
    return f"[{host}]".encode() if ":" in host else host.encode()


def _covers(entry: str, host: str, port: int) -> bool:
    """Say whether an entry of ``NO_PROXY`` covers a host and port."""
    if entry == "*":
        return True
    name, number = _apart(entry)
    if number and number != str(port):
        return False
    try:
        return ip_address(host) in ip_network(name, strict=False)
    except ValueError:  # one of them is a name
        below = name.lstrip("*").lstrip(".")
        return host.endswith("." + below) or host == name


def _apart(entry: str) -> tuple[str, str]:
    """Return name and port of an entry; an IPv6 address has its port behind brackets."""
    if entry.startswith("["):
        name, _, number = entry[1:].partition("]")
        return name, number.lstrip(":")
    if entry.count(":") == 1:
        name, _, number = entry.partition(":")
        return name, number
    return entry, ""

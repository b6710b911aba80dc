"""Where a Redis is, as a URL says it.

``redis://user:password@host:6379/2``, ``rediss://`` for TLS, ``unix:///path/to/socket?db=2``. redis-py reads it. Those
of its many options that would have no effect here are refused.
https://redis.readthedocs.io/en/stable/connections.html#redis.Redis.from_url
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from redis.connection import SSLConnection, UnixDomainSocketConnection, parse_url

PORT = 6379
SCHEMES = ("redis://", "rediss://", "unix://")
_VERIFY = {"required": True, "none": False}
_OPTIONS = ("db", "ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_keyfile")
_KNOWN = {*_OPTIONS, "connection_class", "host", "port", "path", "username", "password"}


@dataclass(frozen=True, slots=True)
class Tls:
    """How a server proves who it is, and how we do.

    Attributes:
        verify: Whether it must. Without, anybody on the way can read along.
        ca_file: A file with the certificates to trust, in place of the system's.
        certificate: A PEM file with our own, for a server that asks for one, and ``key`` with its key.
    """

    verify: bool = True
    ca_file: str = ""
    certificate: str = ""
    key: str = ""

    def make_context(self) -> ssl.SSLContext:
        """Return a new context. Reading the certificates takes some milliseconds.

        Raises:
            OSError: A file cannot be read, or holds no certificates.
        """
        context = ssl.create_default_context(cafile=self.ca_file or None)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key or None)
        return context


@dataclass(frozen=True, slots=True)
class Address:
    """A Redis, and who we are there. Its text has neither password nor user."""

    host: str = "localhost"
    port: int = PORT
    path: str = ""
    """Of a Unix socket, in place of host and port."""
    database: int = 0
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    tls: Tls | None = None

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"


def read_address(url: str) -> Address:
    """Return the address that a URL says.

    Raises:
        ValueError: It says none. The message quotes nothing: what looks like a port, a path or an option may be the end
            of a password that nobody has encoded.
    """
    try:
        parts: dict[str, Any] = dict(parse_url(url))  # type: ignore[no-untyped-call]  # so it is
        path = urlsplit(url).path.strip("/")
    except ValueError:
        raise ValueError(_reason(url)) from None
    if parts.keys() - _KNOWN:
        raise ValueError(f"has an option that has no effect here; those that have: {', '.join(_OPTIONS)}")
    kind = parts.get("connection_class")
    if parts.get("db", -1 if path and kind is not UnixDomainSocketConnection else 0) < 0:
        raise ValueError("has a path that is no number of a database")
    tls = _tls(parts) if kind is SSLConnection else None
    if tls is None and any(name.startswith("ssl_") for name in parts):
        raise ValueError("has options of TLS, which begins with rediss://")
    if kind is UnixDomainSocketConnection and not parts.get("path"):
        raise ValueError("names no socket: unix:///path/to/socket")
    return Address(
        host=parts.get("host", "localhost"),
        port=parts.get("port", PORT),
        path=parts.get("path", "") if kind is UnixDomainSocketConnection else "",
        database=parts.get("db", 0),
        username=parts.get("username", ""),
        password=parts.get("password", ""),
        tls=tls,
    )


def _reason(url: str) -> str:
    if not url.startswith(SCHEMES):
        return f"begins with none of {', '.join(SCHEMES)}"
    return "has a port or a database that is no number; in a password, /, ?, # and @ have to be encoded"


def _tls(parts: dict[str, Any]) -> Tls:
    verify = _VERIFY.get(parts.get("ssl_cert_reqs", "required"))
    if verify is None:
        raise ValueError(f"ssl_cert_reqs is one of {', '.join(_VERIFY)}")
    return Tls(verify, parts.get("ssl_ca_certs", ""), parts.get("ssl_certfile", ""), parts.get("ssl_keyfile", ""))

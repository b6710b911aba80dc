"""Checks of what goes over a wire: origins, URLs, headers. What URLs and headers hold is not told: it may be a key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult, urlsplit

from .checks import Fault, check

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2"""
_OF_THE_CONNECTION = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""Headers that say how one message is framed and routed: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1"""
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[^\s/?#@*:]+)(:(?P<port>[0-9]{1,5}))?/?", re.IGNORECASE)
REDIS = ("redis://", "rediss://", "unix://")
UNSENDABLE = "has a character that no HTTP header may have"


@check("allowed_origins[]")
def origins(allowed: Mapping[int, str]) -> Iterator[Fault]:
    """Refuse what no browser ever sends as its origin: https://www.rfc-editor.org/rfc/rfc6454#section-6.2."""
    for at, origin in allowed.items():
        parts = _ORIGIN.fullmatch(origin)
        if origin == "*":
            continue
        if parts is None or not 0 < int(parts["port"] or 1) < 65536:
            message = "is no origin: write scheme://host, such as https://app.example, or *"
            yield Fault(("allowed_origins", at), message, shown=origin)
        elif not origin.isascii():
            message = "is never sent: browsers write such a host in Punycode, as xn--..."
            yield Fault(("allowed_origins", at), message, shown=origin)


@check("base_url")
def absolute_url(url: str) -> Iterator[Fault]:
    """Refuse what is no URL of a server, and in it what no request would have."""
    parts = _parts(url)
    if parts is None:
        if url:
            yield Fault(("base_url",), "must be an absolute URL, such as https://api.openai.com/v1")
        return
    if "@" in parts.netloc:
        yield Fault(("base_url",), "has a user, whom no request names: keys stand in api_key or headers")
    if parts.fragment:
        yield Fault(("base_url",), "has a part behind #, which no request has")


@check("url")
def redis_url(url: str) -> Iterator[Fault]:
    """Refuse what is no URL of a Redis; the rest of it is read when it is used."""
    if url and not url.startswith(REDIS):
        yield Fault(("url",), f"must begin with one of {', '.join(REDIS)}")


@check("http2", "base_url")
def http2_inside_of_tls(http2: bool, url: str) -> Iterator[Fault]:
    """Refuse HTTP/2 where nobody could agree on it."""
    parts = _parts(url)
    if http2 and parts is not None and parts.scheme != "https":
        yield Fault(("http2",), "needs a base_url with https: only inside of TLS is HTTP/2 agreed on")


@check("api_key")
def sendable_key(key: str) -> Iterator[Fault]:
    """Refuse a key that cannot be sent."""
    if not sendable(key.strip()):
        yield Fault(("api_key",), UNSENDABLE)


@check("api_keys[].key")
def sendable_keys(keys: Mapping[int, str]) -> Iterator[Fault]:
    """Refuse keys that cannot be sent."""
    for at, key in keys.items():
        if not sendable(key.strip()):
            yield Fault(("api_keys", at, "key"), UNSENDABLE)


@check("headers[]")
def sendable_headers(headers: Mapping[str, str]) -> Iterator[Fault]:
    """Refuse headers that cannot be sent, or that the connection sends itself."""
    for name, value in headers.items():
        if _HEADER_NAME.fullmatch(name.strip()) is None:
            yield Fault(("headers", name), "is no name of an HTTP header", shown=name, key=True)
        elif name.strip().lower() in _OF_THE_CONNECTION:
            yield Fault(("headers", name), "belongs to the connection, which sets it", shown=name, key=True)
        if not sendable(value.strip()):
            yield Fault(("headers", name), UNSENDABLE)


def sendable(value: str) -> bool:
    """Say whether a header can hold a value."""
    return value.isascii() and (value.isprintable() or not value)


def _parts(url: str) -> SplitResult | None:
    """Return the parts of an absolute URL of a server, or None where it is none."""
    try:
        parts = urlsplit(url.strip())
        absolute = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if absolute else None

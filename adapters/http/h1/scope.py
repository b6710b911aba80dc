"""A request's head as ASGI's scope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from ..asgi import Scope
from .head import Head

_ASGI = {"version": "3.0", "spec_version": "2.4"}


class Peers(NamedTuple):
    """Who talks to whom, for all requests of a connection."""

    client: tuple[str, int] | None
    server: tuple[str, int] | None
    scheme: str
    state: Mapping[str, Any]


def scope_of(head: Head, peers: Peers) -> Scope:
    """Return the scope of a request. https://asgi.readthedocs.io/en/stable/specs/www.html#http-connection-scope"""
    raw, _, query = head.target.partition(b"?")
    path = unquote_to_bytes(raw).decode("utf-8", "replace") if b"%" in raw else raw.decode("ascii")
    return {
        "type": "http",
        "asgi": _ASGI,
        "http_version": "1.1" if head.minor else "1.0",
        "method": head.method,
        "scheme": peers.scheme,
        "path": path,
        "raw_path": raw,
        "query_string": query,
        "root_path": "",
        "headers": head.headers,
        "client": peers.client,
        "server": peers.server,
        "state": dict(peers.state),
        "extensions": {},
    }

"""Keeps out what a browser was talked into. Keys alone cannot: where there are none, any page could spend the owner's.

A browser sends what any web page tells it to, and CORS only keeps the page from reading the answer. So a page of
another origin is refused before anything is done (https://fetch.spec.whatwg.org/#origin-header). A page can also make
its own name lead to 127.0.0.1 (DNS rebinding), and then it is of the same origin: so where no key is asked for,
``Host`` must name this machine.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address

from sluicegate.pipeline.errors import Fault, Forbidden, GatewayError

from .asgi import RawHeaders, find_header
from .cors import Cors
from .headers import safe

_DEFAULT_PORTS = {b"http": b":80", b"https": b":443"}
_SHOWN = 100
"""Characters of a foreign name that a message shows."""


class OriginNotAllowed(Forbidden):
    """A web page of another origin, which is not listed, wants something done."""

    code = "origin_not_allowed"


class HostNotAllowed(GatewayError):
    """The request is for a host that is not this one. https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20"""

    status = 421
    code = "host_not_allowed"
    type = "permission_error"
    fault = Fault.CLIENT


class Guard:
    """Judges the heads of requests that would have something done.

    Args:
        cors: Knows the origins that are listed.
        host: The configured address; it is a good ``Host``.
        keyless: Says whether requests need no key now.
    """

    def __init__(self, cors: Cors, *, host: str, keyless: Callable[[], bool]) -> None:
        self._cors = cors
        self._own = host.lower()
        self._keyless = keyless

    def refusal(self, headers: RawHeaders) -> GatewayError | None:
        """Return why a request is not let in, or None. What comes from no browser has no ``Origin`` and passes."""
        host = find_header(headers, b"host")
        if host is not None and self._keyless() and not _is_here(host, self._own):
            return HostNotAllowed(
                f"Host {_shown(host)} is not this machine: as long as there are no API keys, the gateway answers "
                "to localhost, loopback addresses and server.host only; make an API key, or send such a Host"
            )
        origin = find_header(headers, b"origin")
        if origin is None or self._cors.allows(origin) or _same_origin(origin, host):
            return None
        return OriginNotAllowed(
            f"pages of the origin {_shown(origin)} may not call: server.cors.allowed_origins does not list it"
        )


def _same_origin(origin: bytes, host: bytes | None) -> bool:
    scheme, found, authority = origin.lower().partition(b"://")
    if not found or host is None:
        return False  # ``null`` has no scheme: it stands for any origin that the browser does not tell
    default = _DEFAULT_PORTS.get(scheme, b"")
    return authority.removesuffix(default) == host.lower().removesuffix(default)


@lru_cache(maxsize=64)
def _is_here(host: bytes, own: str) -> bool:
    """Say whether a ``Host`` can only mean this machine."""
    text = host.decode("latin-1").lower()
    name = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0]
    name = name.removesuffix(".")
    if name in ("localhost", own) or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _shown(value: bytes) -> str:
    return safe(value[:_SHOWN].decode("latin-1"))

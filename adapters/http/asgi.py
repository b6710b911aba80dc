"""ASGI's own shapes, as far as the front door uses them. https://asgi.readthedocs.io/en/stable/specs/www.html"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
RawHeaders = Iterable[tuple[bytes, bytes]]
"""Names in lower case, as every ASGI server gives them."""


def find_header(headers: RawHeaders, wanted: bytes) -> bytes | None:
    """Return the first value of a header, or None."""
    for name, value in headers:
        if name == wanted:
            return value
    return None

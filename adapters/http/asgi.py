"""ASGI's own shapes, as far as the front door uses them. https://asgi.readthedocs.io/en/stable/specs/www.html"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Protocol

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
RawHeaders = Iterable[tuple[bytes, bytes]]
"""Names in lower case, as every ASGI server gives them."""
PRESENCE = "sluicegate.presence"
"""The key of a scope under which our own server, and no other, puts a `Presence`."""


class Presence(Protocol):
    """What our own server tells of a request beyond ASGI, so that no task has to wait in ``receive`` to know it."""

    @property
    def complete(self) -> bool:
        """Whether all of the body has come."""
        ...

    def when_gone(self, tell: Callable[[], None]) -> None:
        """Call ``tell`` once if the client leaves before its answer is complete; at once if it has left already."""
        ...


def find_header(headers: RawHeaders, wanted: bytes) -> bytes | None:
    """Return the first value of a header, or None."""
    for name, value in headers:
        if name == wanted:
            return value
    return None

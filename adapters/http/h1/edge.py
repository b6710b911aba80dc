"""What the connections of one server have in common, and the words for what one of them waits for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from ..asgi import App
from .limits import Limits

if TYPE_CHECKING:
    from .connection import Connection
    from .cycle import Cycle


class Phase(Enum):
    """What a connection waits for; it decides what happens when the time is over."""

    IDLE = "a request"
    HEAD = "the rest of a head"
    BODY = "the rest of a body"
    UNWANTED = "the rest of a body whose request has been answered"
    BUSY = "the application"
    LEAVING = "the client to close"


@dataclass
class Edge:
    """What the connections of one server have in common.

    Attributes:
        spawn: Starts a worker in the server's nursery.
        half_close: Whether a client that has closed its own side is served on.
        winding_up: Whether answers that begin now are the last ones of their connections, and say so.
        closing: Whether connections end with the answer under way, whatever it has said.
    """

    app: App
    limits: Limits
    spawn: Callable[[Callable[[Cycle], Awaitable[None]], Cycle], object]
    half_close: bool = False
    winding_up: bool = False
    closing: bool = False
    connections: set[Connection] = field(default_factory=set)

    @property
    def idle_time(self) -> float:
        """Seconds that a connection may be without a request."""
        return self.limits.last_time if self.winding_up else self.limits.idle_time

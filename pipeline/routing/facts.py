"""What conditions look at, taken out of an exchange as it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from ..exchange import Exchange

BYTES_PER_TOKEN = 4
"""For English text, as a rule of thumb."""


class Facts:
    """The facts of one exchange, by the names in `sluicegate.pipeline.conditions.FACTS`; each is made at most once."""

    def __init__(self, exchange: Exchange, wall: Callable[[], float]) -> None:
        self._exchange = exchange
        self._wall = wall
        self._made: dict[str, Any] = {}

    def __call__(self, name: str) -> Any:
        """Return a fact. Raises KeyError for a name that is none."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> Any:
        request, caller = self._exchange.request, self._exchange.caller
        match name:
            case "request.operation" | "request.dialect" | "request.model" | "request.stream":
                return getattr(request, name.partition(".")[2])
            case "request.size":
                return len(request.body)
            case "request.text":
                return "\n".join(text for _, text in request.texts())
            case "request.tokens":
                return -(-sum(len(text.encode("utf-8", "replace")) for _, text in request.texts()) // BYTES_PER_TOKEN)
            case "request.headers":
                return dict(request.headers)
            case "request.fields":
                return {field: msgspec.json.decode(value) for field, value in request.fields.items()}
            case "caller.tenant" | "caller.user" | "caller.team":
                return getattr(caller, name.partition(".")[2])
            case "caller.key":
                return caller.key_name
            case "caller.metadata":
                return dict(caller.metadata)
            case "now":
                return datetime.fromtimestamp(self._wall(), UTC)
        raise KeyError(name)

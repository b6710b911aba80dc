"""How a client of this program asks its gateway, and what it knows of the providers."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import trio

from sluicegate.pipeline.carrier import Flow
from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.provider_keys import take_provider_keys
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.tags import tags_in

Headers = Mapping[str, str] | None
"""What an HTTP caller would send: ``cache-control: no-cache`` asks for a fresh answer, ``x-request-id`` is for logs,
``x-sluicegate-tags`` for the ledger."""


class Asking:
    """One caller's way into a gateway.

    Args:
        gateway: A running gateway.
        api_key: The caller's key, where the configuration has keys.
    """

    def __init__(self, gateway: Gateway, api_key: str | None = None) -> None:
        self.gateway = gateway
        self._api_key = api_key
        self._last_provider = ""

    @property
    def last_provider(self) -> str:
        """The provider that answered this client last, by its name in the configuration; empty before the first."""
        return self._last_provider

    def health(self) -> dict[str, str]:
        """Return the state of each provider's breaker: ``closed`` is well, ``open`` left alone, ``half_open`` tried."""
        now = trio.current_time()
        return {name: breaker.state(now).value for name, breaker in self.gateway.resources.breakers.items()}

    async def _ask(self, request: Request) -> Exchange:
        """Return an exchange with its whole answer. A checkpoint. Raises GatewayError."""
        exchange = await self.gateway.ask(request)
        self._served(exchange)
        return exchange

    @asynccontextmanager
    async def _stream(self, request: Request) -> AsyncIterator[Flow]:
        """Give what comes of an answer, for as long as the block runs. A checkpoint. Raises GatewayError."""
        async with self.gateway.stream(request) as flow:
            self._served(flow.exchange)
            yield flow

    def _served(self, exchange: Exchange) -> None:
        self._last_provider = exchange.notes.get("provider", self._last_provider)

    def _request(
        self,
        operation: str,
        fields: dict[str, Any],
        timeout: float | None,
        headers: Headers,
        dialect: str = "openai",
    ) -> Request:
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        if (path := _not_finite(fields)) is not None:
            raise InvalidRequest(f"{path}: NaN and Infinity are not JSON", param=path, code="invalid_json")
        try:
            body = msgspec.json.encode(fields)
        except UnicodeEncodeError as error:
            raise InvalidRequest(
                "a text of this request holds half of a surrogate pair", code="invalid_utf8"
            ) from error
        provider_keys = take_provider_keys(lowered)
        return Request(
            operation,
            body,
            lowered,
            dialect,
            credential=self._api_key,
            provider_keys=provider_keys,
            label=lowered.get("x-request-id", ""),
            tags=tags_in(lowered),
            timeout=timeout,
        )


def plain(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a plain call. Raises TypeError where they ask for a stream."""
    if options.get("stream"):
        raise TypeError(
            "this returns whole answers; for a stream use `async with gateway.stream_chat(...)`, `stream_messages` or "
            "`stream_responses`"
        )
    return {**options, "stream": False}


def _not_finite(value: object, path: str = "") -> str | None:
    """Return where the first number stands that JSON has no word for: it would leave as null."""
    if isinstance(value, float):
        return None if math.isfinite(value) else path
    if isinstance(value, Mapping):
        inside = ((f"{path}.{name}" if path else str(name), item) for name, item in value.items())
    elif isinstance(value, list | tuple):
        inside = ((f"{path}[{at}]", item) for at, item in enumerate(value))
    else:
        return None
    return next((found for where, item in inside if (found := _not_finite(item, where)) is not None), None)

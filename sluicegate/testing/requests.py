"""Requests from a few words, as `validate` leaves them."""

from __future__ import annotations

from typing import Any

import msgspec
import trio

from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.decode import OPERATIONS, parse, type_body

MODEL = "simulator/small"
_DIALECTS = {
    "messages": "anthropic",
    "count_tokens": "anthropic",
    "responses": "responses",
    "count_responses": "responses",
    "generate": "gemini",
    "count_generate": "gemini",
}


def request(operation: str, *, timeout: float | None = None, **fields: Any) -> Request:
    """Return a request as `validate` leaves it. ``fields`` are the body's; ``timeout`` is in seconds.

    Raises:
        InvalidRequest: The API does not allow these fields.
    """
    if operation not in OPERATIONS:
        return Request(operation, timeout=timeout)
    body = msgspec.json.encode(fields)
    typed = type_body(operation, body)
    dialect = _DIALECTS.get(operation, "openai")
    return Request(operation, body, dialect=dialect, fields=parse(body), typed=typed, timeout=timeout)


def chat(text: str = "hello", *, timeout: float | None = None, **fields: Any) -> Request:
    """Return a chat request with one message of the user, unless ``fields`` say otherwise."""
    messages = [{"role": "user", "content": text}]
    return request("chat", timeout=timeout, **{"model": MODEL, "messages": messages, **fields})


def messages(text: str = "hello", *, timeout: float | None = None, **fields: Any) -> Request:
    """Return a request in Anthropic's dialect with one message of the user, unless ``fields`` say otherwise."""
    said = [{"role": "user", "content": text}]
    return request("messages", timeout=timeout, **{"model": MODEL, "max_tokens": 100, "messages": said, **fields})


def completion(text: str = "hello", *, timeout: float | None = None, **fields: Any) -> Request:
    """Return a request to complete ``text``, unless ``fields`` say otherwise."""
    return request("completion", timeout=timeout, **{"model": MODEL, "prompt": text, **fields})


def embedding(text: str = "hello", *, timeout: float | None = None, **fields: Any) -> Request:
    """Return a request to embed ``text``, unless ``fields`` say otherwise."""
    return request("embedding", timeout=timeout, **{"model": MODEL, "input": text, **fields})


def exchange_of(asked: Request | None = None, *, timeout: float = 600.0) -> Exchange:
    """Return an exchange that no gateway carries, to call a stage's methods with. Call it inside trio."""
    now = trio.current_time()
    return Exchange(asked if asked is not None else chat(), deadline=now + timeout, started=now)

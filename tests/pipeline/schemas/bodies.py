"""Bodies that the schema tests start from."""

from __future__ import annotations

import json
from typing import Any

CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
COMPLETION: dict[str, Any] = {"model": "m", "prompt": "once"}
EMBEDDING: dict[str, Any] = {"model": "m", "input": "text"}

MISSING = object()
"""Stands for a field to be left out."""


def body_of(base: dict[str, Any], **fields: Any) -> bytes:
    """Return a body made of another, with some fields set or left out."""
    merged = {**base, **fields}
    return json.dumps({name: value for name, value in merged.items() if value is not MISSING}).encode()


def chat(**fields: Any) -> bytes:
    return body_of(CHAT, **fields)


def said(*parts: Any) -> bytes:
    """Return a chat whose one user message has these parts."""
    return chat(messages=[{"role": "user", "content": list(parts)}])


def with_message(**message: Any) -> bytes:
    """Return a chat of three messages, of which the last is this."""
    return chat(messages=[{"role": "system", "content": "s"}, {"role": "user", "content": "u"}, message])


def function(name: str = "get", **fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **fields}}


def call(**fields: Any) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": "get", "arguments": "{}"}, **fields}

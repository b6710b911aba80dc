"""Requests as they are when `validate` has let them through."""

from typing import Any

import msgspec

from sluicegate.adapters.dialects.anthropic import DIALECT
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.request import Request
from sluicegate.stages import validate


def read(*messages: Any, operation: str = "messages", **fields: Any) -> Chat:
    """Return what a request says; without messages there is one of the user."""
    given = list(messages) or [{"role": "user", "content": "Hello"}]
    most = {} if operation == "count_tokens" else {"max_tokens": 9}
    return read_body(msgspec.json.encode({"model": "m", "messages": given, **most, **fields}), operation)


def read_body(body: bytes, operation: str = "messages") -> Chat:
    """Return what a body says."""
    fields, typed = validate.read(operation, body)
    return DIALECT.read(Request(operation, body, dialect="anthropic", fields=fields, typed=typed))


def said(*blocks: Any, role: str = "user") -> tuple[Any, ...]:
    """Return the blocks of the form that a message of these has."""
    return read({"role": role, "content": list(blocks)}).turns[0].blocks

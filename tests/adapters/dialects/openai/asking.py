"""Requests as they are when `validate` has let them through."""

import msgspec

from sluicegate.adapters.dialects.openai import DIALECT
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.decode import parse, type_body
from sluicegate.pipeline.schemas.rules import check


def read(*messages: dict, **fields: object) -> Chat:
    """Return what a request says; without messages there is one of the user."""
    given = list(messages) or [{"role": "user", "content": "Hello"}]
    return read_body(msgspec.json.encode({"model": "m", "messages": given, **fields}))


def read_body(body: bytes) -> Chat:
    """Return what a body says."""
    typed = type_body("chat", body)
    check(typed)
    return DIALECT.read(Request("chat", body, fields=parse(body), typed=typed))

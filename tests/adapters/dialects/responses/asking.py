"""Requests as they are when `validate` has let them through."""

from typing import Any

import msgspec

from sluicegate.adapters.dialects.responses import DIALECT
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.request import Request
from sluicegate.stages import validate


def read(input: Any = "Hello", **fields: Any) -> Chat:
    """Return what a request says."""
    return read_body(msgspec.json.encode({"model": "m", "input": input, **fields}))


def read_body(body: bytes) -> Chat:
    """Return what a body says."""
    fields, typed = validate.read("responses", body)
    return DIALECT.read(Request("responses", body, dialect="responses", fields=fields, typed=typed))

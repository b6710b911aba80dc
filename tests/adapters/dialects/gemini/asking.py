"""Requests as they are when the edge and `validate` have let them through."""

from typing import Any

import msgspec

from sluicegate.adapters.dialects.gemini import DIALECT
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.generate_names import completed
from sluicegate.stages import validate


def read(*contents: Any, **fields: Any) -> Chat:
    """Return what a request says; without contents there is one of the user."""
    given = list(contents) or [said({"text": "Hello"})]
    return read_body(msgspec.json.encode({"contents": given, **fields}))


def read_body(body: bytes) -> Chat:
    """Return what a body says."""
    body = completed(body, "m", stream=False)
    fields, typed = validate.read("generate", body, strict=True)
    return DIALECT.read(Request("generate", body, dialect="gemini", fields=fields, typed=typed))


def said(*parts: Any, role: str = "user") -> dict[str, Any]:
    """Return a content."""
    return {"role": role, "parts": list(parts)}

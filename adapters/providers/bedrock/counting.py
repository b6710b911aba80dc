"""Tokens of a request, counted without an answer.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html
"""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped

from ..reading import MAX_COUNT, Malformed, read_json
from .blocks import Fields
from .request import body_of
from .tables import MORE

METHOD = "count-tokens"
COUNTED = ("messages", "system", "toolConfig", MORE)
"""What of a request is counted; nothing else may stand in it."""


class _Count(msgspec.Struct, rename="camel"):
    input_tokens: int


_decode = msgspec.json.Decoder(_Count).decode


def counting_body(chat: Chat, model: str, dropped: Dropped) -> Fields:
    """Return the body that has a chat counted. Raises InvalidRequest as `body_of` does."""
    body = body_of(chat, model, dropped)
    return {"input": {"converse": {name: body[name] for name in COUNTED if name in body}}}


def read_count(body: bytes) -> int:
    """Return the tokens that are told. Raises Malformed."""
    found = read_json(_decode, body).input_tokens
    if not 0 <= found < MAX_COUNT:
        raise Malformed("has a count of tokens that is none")
    return found

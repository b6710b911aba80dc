"""Tokens of a request, counted without an answer.

Source: https://ai.google.dev/api/tokens
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Reply

from ...dialects.table import dialect_of
from ..reading import MAX_COUNT, Malformed
from .answer import refuse
from .errors import GoogleErrors
from .wire import read_frame

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange

METHOD = "countTokens"
COUNTED = ("contents", "systemInstruction", "tools", "generationConfig")
"""What of a request may be told beside the model, where it is not told as a request."""


class _Count(msgspec.Struct, rename="camel"):
    total_tokens: int


_decode = msgspec.json.Decoder(_Count).decode


def asked_of(exchange: Exchange) -> Chat:
    """Return what is to be counted. Raises InvalidRequest where it means nothing."""
    return dialect_of(exchange.request.dialect).read(exchange.request)


def counting_body(body: dict[str, Any], resource: str) -> dict[str, Any]:
    """Return the body that has a request counted. ``resource`` names its model, or is empty where the URL does."""
    if resource:
        return {"generateContentRequest": {"model": resource, **body}}
    return {name: value for name, value in body.items() if name in COUNTED}


def read_count(errors: GoogleErrors, head: UpstreamHead, body: bytes) -> Reply:
    """Return the reply that a count means. Raises GatewayError where it is none."""
    return Reply(body=msgspec.json.encode({"input_tokens": check_count(errors, head, body)}))


def check_count(errors: GoogleErrors, head: UpstreamHead, body: bytes) -> int:
    """Return the tokens that a count tells. Raises GatewayError where it is none."""
    errors.check_type(head, body)
    try:
        refuse(read_frame(body), errors, body)
        found = _decode(body).total_tokens
    except Malformed as error:
        raise errors.nonsense(str(error)) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise errors.nonsense("has no count of tokens") from error
    if not 0 <= found < MAX_COUNT:
        raise errors.nonsense("has a count of tokens that is none")
    return found

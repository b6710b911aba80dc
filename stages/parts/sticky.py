"""What the choices of a model stick to: a user, or the beginning of a prompt."""

from __future__ import annotations

from typing import Any

import msgspec

from sluicegate.pipeline.config.model_settings import ModelSettings
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.request import Request

USER_FIELDS = ("user", "safety_identifier")
"""Where OpenAI's API has the end user: https://platform.openai.com/docs/api-reference/chat/create."""
METADATA_USER = "user_id"
"""Where Anthropic's has it, within ``metadata``: https://docs.anthropic.com/en/api/messages."""


def sticky_key(exchange: Exchange, settings: ModelSettings) -> str:
    """Return what the choice for a request sticks to, or an empty string for nothing."""
    request = exchange.request
    if settings.sticky_header:
        return request.headers.get(settings.sticky_header.lower(), "")
    if settings.strategy == "prefix":
        return _beginning(request, settings.prefix_length)
    return _end_user(request) or exchange.caller.user


def _beginning(request: Request, length: int) -> str:
    """Return the first characters of a request's texts."""
    texts, rest = [], length
    for _, text in request.texts():
        texts.append(text[:rest])
        rest -= len(texts[-1])
        if rest <= 0:
            break
    return "\n".join(texts)


def _end_user(request: Request) -> str:
    for field in USER_FIELDS:
        if field in request.fields and isinstance(user := msgspec.json.decode(request.fields[field]), str) and user:
            return user
    metadata: Any = msgspec.json.decode(request.fields["metadata"]) if "metadata" in request.fields else None
    user = metadata.get(METADATA_USER) if isinstance(metadata, dict) else None
    return user if isinstance(user, str) else ""

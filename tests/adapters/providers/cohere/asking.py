"""Requests to Cohere, checked by the types of its own package."""

from typing import Any

import msgspec
from cohere import types
from cohere.v2.types import V2ChatRequestDocumentsItem as Document
from pydantic import TypeAdapter

from sluicegate.adapters.providers.cohere import Cohere, CohereSettings
from sluicegate.adapters.providers.cohere.request import body_of
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped

KEY = Secret("co-secret-0123456789")
MODEL = "command-a-03-2025"
_KINDS: dict[str, Any] = {
    "messages": list[types.ChatMessageV2],
    "tools": list[types.ToolV2],
    "response_format": types.ResponseFormatV2,
    "thinking": types.Thinking,
    "documents": list[Document],
    "citation_options": types.CitationOptions,
}
_PLAIN: dict[str, type | tuple[type, ...]] = {
    "model": str,
    "stream": bool,
    "logprobs": bool,
    "strict_tools": bool,
    "tool_choice": str,
    "safety_mode": str,
    "max_tokens": int,
    "seed": int,
    "k": int,
    "priority": int,
    "stop_sequences": list,
    **dict.fromkeys(("temperature", "p", "frequency_penalty", "presence_penalty"), (int, float)),
}


def cohere(**settings: Any) -> Cohere:
    """A translator."""
    return Cohere("co", CohereSettings(type="cohere", api_key=KEY, **settings))


def written(chat: Chat, *, strict: bool = False) -> tuple[dict, list[str]]:
    """Return the body for a chat, checked, and what was left out."""
    dropped = Dropped("co", strict=strict)
    body = msgspec.json.decode(msgspec.json.encode(body_of(chat, MODEL, dropped)))
    check(body)
    return body, dropped.names


def check(body: dict) -> None:
    """Raise where a body is not of the package's types, or has a field that the API does not have."""
    for name, value in body.items():
        if name in _KINDS:
            TypeAdapter(_KINDS[name]).validate_python(value)
        else:
            assert isinstance(value, _PLAIN[name])

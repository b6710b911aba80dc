"""Requests to Ollama, checked by the types of its own package."""

from typing import Any

import msgspec
from ollama._types import ChatRequest, EmbedRequest

from sluicegate.adapters.providers.ollama import Ollama, OllamaSettings
from sluicegate.adapters.providers.ollama.request import body_of
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped

KEY = Secret("ollama-secret-0123456789")
MODEL = "llama3.2"
TOP = set(ChatRequest.model_fields)
MESSAGE = {"role", "content", "thinking", "images", "tool_calls", "tool_name", "tool_call_id"}


def ollama(**settings: Any) -> Ollama:
    """A translator."""
    return Ollama("local", OllamaSettings(type="ollama", api_key=KEY, **settings))


def written(chat: Chat, model: str = MODEL, *, strict: bool = False, **options: Any) -> tuple[dict, list[str]]:
    """Return the body for a chat, checked, and what was left out."""
    dropped = Dropped("local", strict=strict)
    body = msgspec.json.decode(msgspec.json.encode(body_of(chat, model, dropped, **options)))
    check(body)
    return body, dropped.names


def check(body: dict) -> None:
    """Raise where a body is not of the package's types, or has a field that they do not know."""
    kind = EmbedRequest if "input" in body else ChatRequest
    kind.model_validate(body)
    assert body.keys() <= set(kind.model_fields)
    for message in body.get("messages", ()):
        assert message.keys() <= MESSAGE

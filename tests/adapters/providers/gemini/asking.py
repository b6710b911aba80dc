"""Requests to Gemini, checked by the types of Google's own package, which take no unknown field."""

from typing import Any

import msgspec
from google.genai import types

from sluicegate.adapters.providers.gemini import Gemini, GeminiSettings
from sluicegate.adapters.providers.gemini.request import body_of
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped
from tests.adapters.dialects.openai.asking import read

KEY = Secret("AIza-gemini-0123456789")
TARGET = Target("google", "gemini-2.5-flash")
TOOL = {"type": "function", "function": {"name": "get", "parameters": {"properties": {"c": {"type": "string"}}}}}
"""A tool in OpenAI's words."""
_KINDS = {
    "contents": types.Content,
    "tools": types.Tool,
    "safetySettings": types.SafetySetting,
    "systemInstruction": types.Content,
    "toolConfig": types.ToolConfig,
    "generationConfig": types.GenerationConfig,
}


def gemini(**settings: Any) -> Gemini:
    """A translator."""
    return Gemini("google", GeminiSettings(type="gemini", api_key=KEY, **settings))


def written(chat: Chat, model: str = TARGET.model, *, strict: bool = False, **options: Any) -> tuple[dict, list[str]]:
    """Return the body for a chat, checked, and what was left out."""
    dropped = Dropped("google", strict=strict)
    body = msgspec.json.decode(msgspec.json.encode(body_of(chat, model, dropped, **options)))
    check(body)
    return body, dropped.names


def asked(*messages: dict, model: str = TARGET.model, **fields: Any) -> dict:
    """Return the body for what a caller of OpenAI's dialect sends."""
    return written(read(*messages, **fields), model)[0]


def check(body: dict) -> None:
    """Fail unless Google's types take all of a body."""
    for name, value in body.items():
        if name in _KINDS:
            for one in value if isinstance(value, list) else [value]:
                _KINDS[name].model_validate(one)
        else:
            assert name in ("serviceTier", "labels")

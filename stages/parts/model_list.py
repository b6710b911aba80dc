"""The answers to ``GET /v1/models`` and ``GET /v1/models/{id}``, in the shapes of OpenAI, Anthropic and Google.

https://platform.openai.com/docs/api-reference/models, https://docs.anthropic.com/en/api/models-list and
https://ai.google.dev/api/models
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from .catalog import Listed


def openai_model(model: Listed, created: int) -> dict[str, object]:
    """Return one model as OpenAI's clients read it. ``created`` is in seconds since the epoch."""
    return {"id": model.id, "object": "model", "created": created, "owned_by": model.owner}


def anthropic_model(model: Listed, created: int) -> dict[str, object]:
    """Return one model as Anthropic's clients read it."""
    created_at = datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.id,
        "created_at": created_at,
        "lifecycle": "active",
    }


def gemini_model(model: Listed, created: int) -> dict[str, object]:
    """Return one model as Google's clients read it. There is no place for ``created`` there."""
    methods = ["generateContent", "streamGenerateContent", "countTokens"]
    return {"name": f"models/{model.id}", "displayName": model.id, "supportedGenerationMethods": methods}


_SHAPES = {"openai": openai_model, "anthropic": anthropic_model, "gemini": gemini_model}


def one_model(model: Listed, created: int, dialect: str) -> bytes:
    """Return the body that shows one model."""
    return msgspec.json.encode(_SHAPES[dialect](model, created))


def model_list(models: Sequence[Listed], created: int, dialect: str) -> bytes:
    """Return the body that lists models, all on one page."""
    if dialect == "gemini":
        return msgspec.json.encode({"models": [gemini_model(model, created) for model in models]})
    if dialect == "openai":
        return msgspec.json.encode({"object": "list", "data": [openai_model(model, created) for model in models]})
    return msgspec.json.encode(
        {
            "data": [anthropic_model(model, created) for model in models],
            "first_id": models[0].id if models else None,
            "last_id": models[-1].id if models else None,
            "has_more": False,
        }
    )

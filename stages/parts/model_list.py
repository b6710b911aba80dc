"""The answers to ``GET /v1/models`` and ``GET /v1/models/{id}``, in the shapes of OpenAI and Anthropic.

https://platform.openai.com/docs/api-reference/models and https://docs.anthropic.com/en/api/models-list
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


def one_model(model: Listed, created: int, *, anthropic: bool) -> bytes:
    """Return the body that shows one model."""
    return msgspec.json.encode((anthropic_model if anthropic else openai_model)(model, created))


def model_list(models: Sequence[Listed], created: int, *, anthropic: bool) -> bytes:
    """Return the body that lists models, all on one page."""
    if not anthropic:
        return msgspec.json.encode({"object": "list", "data": [openai_model(model, created) for model in models]})
    return msgspec.json.encode(
        {
            "data": [anthropic_model(model, created) for model in models],
            "first_id": models[0].id if models else None,
            "last_id": models[-1].id if models else None,
            "has_more": False,
        }
    )

"""The list of models in each provider's words: there is one, and any other name is answered too."""

from __future__ import annotations

from typing import Any

from .voice import CREATED

MODEL = "simulated"
_OPENAIS = {"object": "list", "data": [{"id": MODEL, "object": "model", "created": CREATED, "owned_by": "sluicegate"}]}
_NAMED = {"name": MODEL, "model": MODEL, "endpoints": ["chat", "embed", "rerank"]}
_LISTS: tuple[tuple[str, Any], ...] = (
    ("/v1beta/models", {"models": [{"name": f"models/{MODEL}", "supportedGenerationMethods": ["generateContent"]}]}),
    ("/publishers/google/models", {"publisherModels": [{"name": f"publishers/google/models/{MODEL}"}]}),
    ("/openai/v1/models", _OPENAIS),
    ("/openai/models", _OPENAIS),
    ("/v1/models", {**_OPENAIS, "models": [_NAMED]}),  # OpenAI's, Anthropic's and Cohere's have the same place
    ("/models/user", _OPENAIS),
    ("/api/tags", {"models": [_NAMED]}),
    ("/foundation-models", {"modelSummaries": [{"modelId": MODEL, "inferenceTypesSupported": ["ON_DEMAND"]}]}),
    ("/inference-profiles", {"inferenceProfileSummaries": []}),
)


def listed(path: str) -> Any:
    """Return the list that is at a path, or None where there is none."""
    return next((found for end, found in _LISTS if path.endswith(end)), None)

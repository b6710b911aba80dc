"""Where the operations of OpenAI's API are, below a base URL."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

MODELS = {"models": "/models"}
PATHS = {
    "chat": "/chat/completions",
    "completion": "/completions",
    "embedding": "/embeddings",
    "transcription": "/audio/transcriptions",
    "translation": "/audio/translations",
    "image_edit": "/images/edits",
    "image_variation": "/images/variations",
}
"""Of the operations that most servers have."""
MEDIA = {"image": "/images/generations", "speech": "/audio/speech", "moderation": "/moderations", "rerank": "/rerank"}
"""What fewer servers have. OpenAI itself has no ``/rerank``; those that have it take Jina's and Cohere's fields."""
RESPONSES = "responses"
"""The operation that only some have."""
COUNT = "count_responses"
"""The one that only OpenAI itself has."""


def media(*operations: str) -> dict[str, str]:
    """Return the paths of these operations among `MEDIA`."""
    return {operation: MEDIA[operation] for operation in operations}


def operation_urls(base_url: str, paths: Mapping[str, str] = PATHS) -> dict[str, str]:
    """Return the URL of each operation. A query, such as ``?api-version=1``, stays at its end."""
    parts = urlsplit(base_url.strip())
    path = parts.path.rstrip("/")
    return {
        operation: urlunsplit((parts.scheme, parts.netloc, path + end, parts.query, ""))
        for operation, end in paths.items()
    }


def is_openai_itself(url: str) -> bool:
    """Say whether a URL leads to OpenAI, and not to one of the many servers that speak its API."""
    host = urlsplit(url).hostname or ""
    return host == "openai.com" or host.endswith(".openai.com")

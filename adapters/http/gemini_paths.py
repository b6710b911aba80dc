"""Google's paths: a method stands behind the model's name, and the rest in the query.

https://ai.google.dev/api/generate-content and https://cloud.google.com/apis/docs/system-parameters
"""

from __future__ import annotations

from urllib.parse import parse_qs

from .asgi import RawHeaders, find_header
from .dialect import Dialect
from .gemini_dialect import GEMINI, GeminiArray

ROOTS = ("/v1beta/models", "/v1/models")
"""Of both versions; the second one's list is OpenAI's too."""
STREAM = "streamGenerateContent"
BATCH = "batchEmbedContents"
OPERATIONS = {"generateContent": "generate", STREAM: "generate", "countTokens": "count_generate"}
"""Of the methods that the pipeline knows as themselves."""
EMBEDDINGS = ("embedContent", BATCH)
"""Those that are embeddings there."""
_METHODS = frozenset({*OPERATIONS, *EMBEDDINGS})


def method_in(path: str) -> tuple[str, str]:
    """Return the model in a percent-encoded path, as it stands there, and the method, or two empty texts."""
    for root in ROOTS:
        if path.startswith(root + "/"):
            name, _, method = path[len(root) + 1 :].rpartition(":")
            if name and method in _METHODS:
                return name, method
    return "", ""


def gemini_at(path: str, headers: RawHeaders, query: bytes) -> Dialect | None:
    """Return how to answer to a request if it is one of a Google client, else None.

    Args:
        path: Percent-encoded, without query.
    """
    method = method_in(path)[1]
    if method == STREAM and b"sse" not in _values(query, b"alt"):
        return GeminiArray()
    if method or path == ROOTS[0] or path.startswith("/v1beta/"):
        return GEMINI
    # OpenAI's clients send no such header, so it tells who asks for the list that both have.
    listed = path == ROOTS[1] or path.startswith(ROOTS[1] + "/")
    return GEMINI if listed and find_header(headers, b"x-goog-api-key") is not None else None


def key_in(query: bytes) -> str | None:
    """Return the caller's key in a query, or None."""
    return next((key.decode("latin-1") for value in _values(query, b"key") if (key := value.strip())), None)


def _values(query: bytes, name: bytes) -> list[bytes]:
    return parse_qs(query).get(name, []) if name + b"=" in query else []

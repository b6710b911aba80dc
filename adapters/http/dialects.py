"""Which API a request speaks: by its path, or by what only one of the clients sends."""

from __future__ import annotations

from .anthropic_dialect import ANTHROPIC
from .asgi import RawHeaders, find_header
from .dialect import Dialect
from .gemini_paths import gemini_at
from .openai_dialect import OPENAI
from .responses_dialect import ResponsesDialect

_OPENAI_ALONE = frozenset(
    {
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/images/generations",
        "/v1/audio/speech",
        "/v1/moderations",
        "/v1/rerank",
        "/v2/rerank",
        "/v1/audio/transcriptions",
        "/v1/audio/translations",
        "/v1/images/edits",
        "/v1/images/variations",
    }
)
_MESSAGES = "/v1/messages"
_RESPONSES = "/v1/responses"


def dialect_at(path: str, headers: RawHeaders, query: bytes = b"") -> Dialect:
    """Return the dialect in which to answer, also to paths that there are not.

    Anthropic's API requires ``anthropic-version`` everywhere (https://docs.anthropic.com/en/api/versioning), and so
    tells under which of the two a path is meant that both have, such as ``/v1/models``.

    Args:
        path: Percent-encoded, without query.
        headers: As they came, names in lower case.
        query: As it came; it tells which kind of stream a Google client wants.
    """
    if path in _OPENAI_ALONE:
        return OPENAI
    if _is_at(path, _MESSAGES):
        return ANTHROPIC
    if _is_at(path, _RESPONSES):
        return ResponsesDialect()
    if (gemini := gemini_at(path, headers, query)) is not None:
        return gemini
    return ANTHROPIC if find_header(headers, b"anthropic-version") is not None else OPENAI


def _is_at(path: str, root: str) -> bool:
    """Say whether a path is ``root`` or below it."""
    return path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/")

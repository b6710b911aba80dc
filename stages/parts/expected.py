"""What a request may use, before anybody knows: what is reserved for it, and settled when it has ended."""

from __future__ import annotations

from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas import (
    CompletionRequest,
    EmbeddingRequest,
    GenerateRequest,
    ImageRequest,
    SpeechRequest,
)

from .token_estimate import estimate

RESERVE = 1024
"""Tokens that are reserved for an answer to a request that sets no limit."""
WITHOUT_USE = frozenset(
    {"models", "model", "count_tokens", "count_generate", "response", "delete_response", "files", "batches"}
)
"""Operations that take no tokens and cost nothing."""
_WRITTEN = frozenset({"chat", "completion"})
_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
"""What the limit of an answer is called, in the APIs that have it among a request's own fields."""
_NUMBERS = ("n", "best_of")


def expected(request: Request, reserve: int = RESERVE) -> Usage | None:
    """Return what a request may use at the most, as far as can be told; None if it uses nothing.

    Its texts are estimated, and its answer is as long as the caller allows, or ``reserve`` tokens.
    """
    if request.operation in WITHOUT_USE:
        return None
    usage = estimate(request, _answer(request, reserve) if request.kind in _WRITTEN else 0)
    typed = request.typed
    if isinstance(typed, CompletionRequest):
        usage.input += _tokens_among(typed.prompt)
    elif isinstance(typed, EmbeddingRequest):
        usage.input += _tokens_among(typed.input)
    elif isinstance(typed, ImageRequest):
        usage.images = typed.n or 1
    elif isinstance(typed, SpeechRequest):
        usage.characters = len(typed.input)
    return usage


def _answer(request: Request, reserve: int) -> int:
    """Return the tokens that all answers to a request may have together."""
    typed = request.typed
    if isinstance(typed, GenerateRequest):
        config = typed.generation_config
        limit = config.max_output_tokens if config is not None else None
        number = (config.candidate_count if config is not None else None) or 1
    else:
        limit = next((most for name in _LIMITS if (most := getattr(typed, name, None)) is not None), None)
        number = max(getattr(typed, name, None) or 1 for name in _NUMBERS)
    if isinstance(typed, CompletionRequest) and isinstance(typed.prompt, list):
        number *= sum(1 for one in typed.prompt if not isinstance(one, int)) or 1
    return number * (reserve if limit is None else limit)


def _tokens_among(prompt: object) -> int:
    """Return how many tokens stand in a prompt as numbers."""
    if not isinstance(prompt, list):
        return 0
    return sum(1 if isinstance(one, int) else len(one) if isinstance(one, list) else 0 for one in prompt)

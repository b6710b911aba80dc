"""What other providers call by names of their own: counts of tokens, Google's predictions, Bedrock's models, ranks."""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .media import JSON, KEPT, MOST, RATE, picture, samples, speech
from .voice import PROMPT_TOKENS, json, vector

if TYPE_CHECKING:
    from ..asked import Asked

_DIMENSIONS = 256
_USAGE = {"promptTokenCount": PROMPT_TOKENS, "candidatesTokenCount": 1, "totalTokenCount": PROMPT_TOKENS + 1}


def anthropics_count(asked: Asked, model: str, tokens: int) -> tuple[bytes, bytes]:
    """Return the tokens of a request, as Anthropic tells them."""
    return JSON, json({"input_tokens": PROMPT_TOKENS})


def bedrocks_count(asked: Asked, model: str, tokens: int) -> tuple[bytes, bytes]:
    """Return the tokens of a request, as Bedrock tells them."""
    return JSON, json({"inputTokens": PROMPT_TOKENS})


def googles_count(asked: Asked, model: str, tokens: int) -> tuple[bytes, bytes]:
    """Return the tokens of a request, as Google tells them."""
    return JSON, json({"totalTokens": PROMPT_TOKENS})


def predictions(asked: Asked, model: str, tokens: int) -> tuple[bytes, bytes]:
    """Return what `predict` returns: a vector for each text, or pictures for a prompt."""
    instances = asked.instances or []
    if instances and isinstance(instances[0], dict) and "prompt" in instances[0]:
        return JSON, _drawn(asked.sample_count)
    return JSON, _predicted(min(len(instances), MOST))


@lru_cache(KEPT)
def _drawn(count: int) -> bytes:
    one = {"bytesBase64Encoded": b64encode(picture()).decode(), "mimeType": "image/png"}
    return json({"predictions": [one] * min(max(1, count), MOST)})


@lru_cache(KEPT)
def _predicted(count: int) -> bytes:
    statistics = {"token_count": PROMPT_TOKENS, "truncated": False}
    return json({"predictions": [{"embeddings": {"values": vector(_DIMENSIONS), "statistics": statistics}}] * count})


def invoked(asked: Asked, model: str, tokens: int) -> tuple[bytes, bytes]:
    """Return what a model of Bedrock's returns to `invoke`: vectors by Titan or Cohere, or pictures."""
    if asked.input_text is not None:
        return JSON, json({"embedding": vector(_DIMENSIONS), "inputTextTokenCount": PROMPT_TOKENS})
    if asked.texts is not None:
        return JSON, json({"embeddings": [vector(_DIMENSIONS)] * asked.vectors, "response_type": "embeddings_floats"})
    return JSON, json({"images": [b64encode(picture()).decode()], "finish_reasons": [None]})


def bedrocks_ranks(asked: Asked, model: str, tokens: int) -> tuple[bytes, bytes]:
    """Return the sources in the order in which they came."""
    return JSON, json({"results": [{"index": at, "relevanceScore": score} for at, score in _scores(asked.sources)]})


def vertex_ranks(asked: Asked, model: str, tokens: int) -> tuple[bytes, bytes]:
    """Return the records in the order in which they came."""
    names = [one.get("id", "") if isinstance(one, dict) else "" for one in asked.records or []]
    return JSON, json({"records": [{"id": names[at], "score": score} for at, score in _scores(asked.records)]})


def _scores(given: list[Any] | None) -> list[tuple[int, float]]:
    return [(at, round(1 / (at + 1), 4)) for at in range(min(len(given or ()), MOST))]


def mistrals_speech(asked: Asked, model: str, tokens: int) -> tuple[bytes, bytes]:
    """Return the silence of `speech`, as Mistral has it."""
    _, sound = speech(asked, model, tokens)
    return JSON, json({"audio_data": b64encode(sound).decode()})


def geminis_picture(asked: Asked, model: str, tokens: int) -> tuple[bytes, bytes]:
    """Return a picture as Gemini draws it."""
    return JSON, _inline("image/png", picture())


def geminis_speech(asked: Asked, model: str, tokens: int) -> tuple[bytes, bytes]:
    """Return silence as bare samples."""
    return JSON, _inline(f"audio/L16;codec=pcm;rate={RATE}", samples(min(tokens, MOST)))


def _inline(kind: str, data: bytes) -> bytes:
    part = {"inlineData": {"mimeType": kind, "data": b64encode(data).decode()}}
    candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
    return json({"candidates": [candidate], "usageMetadata": _USAGE})

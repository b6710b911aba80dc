"""Embeddings in each provider's words: always the same vector."""

from __future__ import annotations

from typing import Any

from .voice import PROMPT_TOKENS, packed, vector


def openais(model: str, vectors: int, dimensions: int, base64: bool) -> Any:
    """Return what OpenAI's API returns for so many inputs."""
    value = packed(dimensions) if base64 else vector(dimensions)
    data = [{"object": "embedding", "index": index, "embedding": value} for index in range(vectors)]
    tokens = PROMPT_TOKENS * vectors
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": model, "usage": usage}


def geminis(model: str, vectors: int, dimensions: int, base64: bool) -> Any:
    """Return what `embedContent` returns."""
    return {"embedding": {"values": vector(dimensions)}}


def geminis_many(model: str, vectors: int, dimensions: int, base64: bool) -> Any:
    """Return what `batchEmbedContents` returns."""
    return {"embeddings": [{"values": vector(dimensions)}] * vectors}


def coheres(model: str, vectors: int, dimensions: int, base64: bool) -> Any:
    """Return what Cohere's API returns, by types."""
    meta = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": PROMPT_TOKENS * vectors}}
    embeddings = {"float": [vector(dimensions)] * vectors}
    return {"id": "0123456789abcdef", "response_type": "embeddings_by_type", "embeddings": embeddings, "meta": meta}


def ollamas(model: str, vectors: int, dimensions: int, base64: bool) -> Any:
    """Return what Ollama's own API returns."""
    times = {"total_duration": 1_000_000, "load_duration": 1}
    counted = {"prompt_eval_count": PROMPT_TOKENS * vectors}
    return {"model": model, "embeddings": [vector(dimensions)] * vectors, **times, **counted}

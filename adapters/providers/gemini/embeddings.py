"""Embeddings in Gemini's words.

Source: https://ai.google.dev/api/embeddings
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.schemas import EmbeddingRequest

from ..reading import read_json
from .wire import read_usage


class _Vector(msgspec.Struct):
    values: list[float]


class _Vectors(msgspec.Struct, rename="camel"):
    """What either method answers: one embedding, or several."""

    embedding: _Vector | None = None
    embeddings: list[_Vector] | None = None
    usage_metadata: Any = None


_decode = msgspec.json.Decoder(_Vectors).decode


def embed_body(
    request: EmbeddingRequest, model: str, texts: Sequence[str], hints: Sequence[Mapping[str, str]] = ()
) -> tuple[str, bytes]:
    """Return the method to call, and its body.

    Args:
        request: What is asked.
        model: A resource, such as ``models/m``.
        texts: Those to embed.
        hints: Of each text what its caller said about it in these words, or nothing at all.
    """
    options = {} if request.dimensions is None else {"outputDimensionality": request.dimensions}
    said = hints or [{} for _ in texts]
    asked = [
        {"model": model, "content": {"parts": [{"text": text}]}, **options, **hint}
        for text, hint in zip(texts, said, strict=True)
    ]
    if len(asked) == 1:
        return "embedContent", msgspec.json.encode(asked[0])
    return "batchEmbedContents", msgspec.json.encode({"requests": asked})


def read_vectors(body: bytes) -> tuple[list[list[float]], Usage | None]:
    """Return the vectors of an answer, and its tokens. Raises Malformed."""
    found = read_json(_decode, body)
    vectors = found.embeddings if found.embeddings is not None else [found.embedding] if found.embedding else []
    return [vector.values for vector in vectors], read_usage(found.usage_metadata)

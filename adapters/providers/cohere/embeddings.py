"""Embeddings in Cohere's words.

Source: https://docs.cohere.com/reference/embed
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.schemas import EmbeddingRequest

from ..reading import Malformed, count_in, read_json

MOST_TEXTS = 96
INPUT_TYPE = "search_document"
"""What texts are for, where the caller does not say: the API wants to know."""
EXTRAS = ("input_type", "truncate", "max_tokens")
"""Fields of Cohere's own that callers may add to a request in OpenAI's words."""


class _ByType(msgspec.Struct, frozen=True):
    vectors: list[list[float]] | None = msgspec.field(name="float", default=None)


class _Answer(msgspec.Struct):
    embeddings: _ByType = _ByType()
    meta: Any = None


_decode = msgspec.json.Decoder(_Answer).decode


def embed_body(
    request: EmbeddingRequest, texts: list[str], model: str, fields: Mapping[str, msgspec.Raw], provider: str
) -> dict[str, Any]:
    """Return the body that asks a model. Raises InvalidRequest for more texts than it takes."""
    if len(texts) > MOST_TEXTS:
        told = f"provider {provider!r} takes {MOST_TEXTS} texts at a time, not {len(texts)}"
        raise InvalidRequest(told, code="array_above_max_length", param="input")
    body: dict[str, Any] = {"model": model, "input_type": INPUT_TYPE, "texts": texts, "embedding_types": ["float"]}
    if request.dimensions is not None:
        body["output_dimension"] = request.dimensions
    return body | {name: fields[name] for name in EXTRAS if name in fields}


def read_vectors(data: bytes) -> tuple[list[list[float]], Usage | None]:
    """Return the vectors of an answer, and the tokens that are billed. Raises Malformed."""
    found = read_json(_decode, data)
    if found.embeddings.vectors is None:
        raise Malformed("has no embeddings")
    billed = found.meta.get("billed_units") if isinstance(found.meta, dict) else None
    counted = count_in(billed, "input_tokens") if isinstance(billed, dict) else 0
    return found.embeddings.vectors, Usage(input=counted) if counted else None

"""Embeddings by ``InvokeModel``, in the words of whoever has made the model.

Sources: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html and
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sluicegate.pipeline.errors import InvalidRequest, UnsupportedEndpoint
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.schemas import EmbeddingRequest

from ..reading import Malformed, count_in, read_json
from .tables import Embedder, embedder_of

COUNTED = "x-amzn-bedrock-input-token-count"
_DOCUMENT = "search_document"
"""What Cohere's models take a text for, where the caller does not say."""
EXTRAS = {"cohere": ("input_type", "truncate"), "titan": ("normalize",)}
"""Fields of the models' own that callers may add to a request in OpenAI's words."""


class _Vectors(msgspec.Struct, rename="camel"):
    """Titan's one vector, or Cohere's: a list of them, or lists by the type of their numbers."""

    embedding: list[float] | None = None
    input_text_token_count: object = None
    embeddings: list[list[float]] | dict[str, Any] | None = None


_decode = msgspec.json.Decoder(_Vectors).decode
_lists = msgspec.json.Decoder(list[list[float]]).decode


def embed_body(
    request: EmbeddingRequest, texts: list[str], model: str, fields: Mapping[str, msgspec.Raw], provider: str
) -> dict[str, object]:
    """Return the body that asks a model for embeddings. Raises InvalidRequest for what it cannot be told."""
    embedder = embedder_of(model, request.model)
    if embedder is None:
        raise UnsupportedEndpoint(f"provider {provider!r} knows no embeddings of {model[:80]!r}", param="model")
    if len(texts) > embedder.most:
        told = f"provider {provider!r} embeds {embedder.most} texts a call at most with {model[:80]!r}"
        raise InvalidRequest(told, code="unsupported_parameter", param="input")
    body: dict[str, object] = (
        {"inputText": texts[0]} if embedder.kind == "titan" else {"texts": texts, "input_type": _DOCUMENT}
    )
    if request.dimensions is not None:
        body[_field(embedder, provider)] = request.dimensions
    return body | {name: fields[name] for name in EXTRAS[embedder.kind] if name in fields}


def _field(embedder: Embedder, provider: str) -> str:
    if not embedder.dimensions:
        told = f"provider {provider!r} has no dimensions with this model"
        raise InvalidRequest(told, code="unsupported_parameter", param="dimensions")
    return embedder.dimensions


def read_vectors(head: UpstreamHead, body: bytes) -> tuple[list[list[float]], Usage | None]:
    """Return the vectors of an answer, and its tokens. Raises Malformed."""
    found = read_json(_decode, body)
    count = head.headers.get(COUNTED, "")
    told = {
        "n": int(count) if count.isascii() and count.isdigit() and len(count) < 13 else found.input_text_token_count
    }
    counted = count_in(told, "n")
    return _vectors(found), Usage(input=counted) if counted else None


def _vectors(found: _Vectors) -> list[list[float]]:
    if found.embedding is not None:
        return [found.embedding]
    if isinstance(found.embeddings, dict):
        return read_json(_lists, msgspec.json.encode(found.embeddings.get("float")))
    if found.embeddings is None:
        raise Malformed("has no embeddings")
    return found.embeddings

"""Embeddings for callers of OpenAI's API, from providers that have their own words for them.

Source: https://platform.openai.com/docs/api-reference/embeddings
"""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.reply import Reply, Usage
from sluicegate.pipeline.schemas import EmbeddingRequest

from .reading import Malformed

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange

BYTES_PER_TOKEN = 4
"""For English text: many APIs do not say how many tokens were read."""


def texts_of(request: EmbeddingRequest, provider: str) -> list[str]:
    """Return the texts to embed. Raises InvalidRequest for tokens, which only OpenAI's own models can read."""
    given = [request.input] if isinstance(request.input, str) else request.input
    texts = [text for text in given if isinstance(text, str)]
    if len(texts) < len(given):
        told = f"provider {provider!r} has no input of tokens, only of texts"
        raise InvalidRequest(told, code="unsupported_parameter", param="input")
    return texts


def embedding_request(exchange: Exchange) -> EmbeddingRequest:
    """Return the typed request; it is there unless `validate` is not in the pipeline."""
    typed = exchange.request.typed
    if isinstance(typed, EmbeddingRequest):
        return typed
    try:
        return msgspec.json.decode(exchange.request.body, type=EmbeddingRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"the request for embeddings makes no sense: {error}") from error


def embeddings_reply(
    exchange: Exchange, vectors: list[list[float]], usage: Usage | None, provider: str
) -> tuple[Reply, Usage]:
    """Return the vectors as OpenAI has them, and the tokens: an estimate where the provider does not say.

    Raises:
        Malformed: They are not as many as there are texts, or have no numbers.
    """
    request = embedding_request(exchange)
    texts = texts_of(request, provider)
    if len(vectors) != len(texts):
        raise Malformed(f"has {len(vectors)} embeddings of {len(texts)} texts")
    if not all(vectors):
        raise Malformed("has an embedding without numbers")
    if usage is None:
        size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
        usage = Usage(input=-(-size // BYTES_PER_TOKEN), estimated=True)
    shape = _packed if request.encoding_format == "base64" else list
    data = [{"object": "embedding", "index": place, "embedding": shape(vector)} for place, vector in enumerate(vectors)]
    told = {"prompt_tokens": usage.input, "total_tokens": usage.input}
    return Reply(
        body=msgspec.json.encode({"object": "list", "data": data, "model": request.model, "usage": told})
    ), usage


def _packed(vector: list[float]) -> str:
    """Return a vector as 32-bit floats, little-endian, in base64. Raises Malformed for a number out of their range."""
    try:
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")
    except OverflowError as error:
        raise Malformed("has an embedding with a number out of range") from error

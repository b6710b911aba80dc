"""The requests of ``POST /v1/images/generations``, ``/v1/audio/speech``, ``/v1/moderations`` and ``/v1/rerank``.

Sources: https://platform.openai.com/docs/api-reference, and for reranking, which OpenAI has not,
https://docs.cohere.com/reference/rerank
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from .content import ImageUrl
from .fields import ModelName, Positive

Written = Annotated[str, Meta(min_length=1)]


class ImageRequest(msgspec.Struct, kw_only=True, frozen=True):
    """Pictures to make, typed. Sizes and qualities are each model's own, and left to it."""

    model: ModelName
    prompt: Written
    n: Annotated[int, Meta(ge=1, le=10)] | None = None
    size: str | None = None
    quality: str | None = None
    style: str | None = None
    response_format: Literal["url", "b64_json"] | None = None
    output_format: str | None = None
    output_compression: Annotated[int, Meta(ge=0, le=100)] | None = None
    background: str | None = None
    moderation: str | None = None
    partial_images: Annotated[int, Meta(ge=0, le=3)] | None = None
    stream: bool | None = None
    user: str | None = None


class Voice(msgspec.Struct, kw_only=True, frozen=True):
    """A voice of the caller's own."""

    id: str


class SpeechRequest(msgspec.Struct, kw_only=True, frozen=True):
    """A text to say, typed. Its answer always comes as a stream, of bytes or of events."""

    model: ModelName
    input: Written
    voice: str | Voice
    response_format: str | None = None
    speed: Annotated[float, Meta(ge=0.25, le=4.0)] | None = None
    instructions: str | None = None
    stream_format: Literal["audio", "sse"] | None = None


class ModerationPart(msgspec.Struct, kw_only=True, frozen=True):
    """One thing to judge."""

    type: str
    text: str | None = None
    image_url: ImageUrl | None = None


class ModerationRequest(msgspec.Struct, kw_only=True, frozen=True):
    """What is to be judged, typed. Who names no model means the one that OpenAI takes then."""

    model: ModelName = "omni-moderation-latest"
    input: str | Annotated[list[str | ModerationPart], Meta(min_length=1)]


class Document(msgspec.Struct, kw_only=True, frozen=True):
    """A document; whatever else it has is the provider's to read."""

    text: str | None = None


class RerankRequest(msgspec.Struct, kw_only=True, frozen=True):
    """Documents to put in order by how well they answer a query, typed."""

    model: ModelName
    query: Written
    documents: Annotated[list[str | Document], Meta(min_length=1, max_length=10_000)]
    top_n: Positive | None = None
    return_documents: bool | None = None
    max_tokens_per_doc: Positive | None = None


MediaRequest = ImageRequest | SpeechRequest | ModerationRequest | RerankRequest
"""Whatever is neither a conversation nor a text to go on with nor a text to embed."""

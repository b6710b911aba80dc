"""The request of ``POST /v1/embeddings``.

Source: https://platform.openai.com/docs/api-reference/embeddings/create
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from .fields import ModelName, Natural, Positive

Tokens = Annotated[list[Natural], Meta(min_length=1, max_length=2048)]
Input = (
    Annotated[str, Meta(min_length=1)]
    | Annotated[list[Annotated[str, Meta(min_length=1)] | Natural | Tokens], Meta(min_length=1, max_length=2048)]
)
"""A text, a list of texts, the tokens of a text, or a list of those; `rules` refuses a mixture."""


class EmbeddingRequest(msgspec.Struct, kw_only=True, frozen=True):
    """Texts to embed, typed."""

    model: ModelName
    input: Input
    dimensions: Positive | None = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None

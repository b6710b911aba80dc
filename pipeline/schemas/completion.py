"""The request of ``POST /v1/completions``.

Source: https://platform.openai.com/docs/api-reference/completions/create
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from .fields import (
    Bias,
    Choices,
    ModelName,
    Natural,
    Penalty,
    Probability,
    Seed,
    Stop,
    StreamOptions,
    Temperature,
)

Prompt = str | Annotated[list[str | Natural | list[Natural]], Meta(min_length=1)]
"""A text, a list of texts, the tokens of a text, or a list of those; `rules` refuses a mixture."""


class CompletionRequest(msgspec.Struct, kw_only=True, frozen=True):
    """A text to continue, typed. ``prompt`` is required, and null stands for the start of a document."""

    model: ModelName
    prompt: Prompt | None
    best_of: Annotated[int, Meta(ge=1, le=20)] | None = None
    echo: bool | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: Bias | None = None
    logprobs: Annotated[int, Meta(ge=0, le=5)] | None = None
    max_tokens: Natural | None = None
    n: Choices | None = None
    presence_penalty: Penalty | None = None
    seed: Seed | None = None
    stop: Stop | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    suffix: str | None = None
    temperature: Temperature | None = None
    top_p: Probability | None = None
    user: str | None = None

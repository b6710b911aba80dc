"""The request of ``POST /v1/chat/completions``.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from .content import Content
from .fields import (
    Bias,
    Choices,
    Metadata,
    ModelName,
    Penalty,
    Positive,
    Probability,
    Seed,
    Stop,
    StreamOptions,
    Temperature,
)
from .options import AudioOutput, CacheOptions, Moderation, Prediction, ResponseFormat, WebSearchOptions
from .tools import FunctionCall, FunctionChoice, FunctionDefinition, Tool, ToolCall, ToolChoice

Role = Literal["system", "developer", "user", "assistant", "tool", "function"]


class AudioReference(msgspec.Struct, kw_only=True, frozen=True):
    """A sound that the model answered before."""

    id: str


class Message(msgspec.Struct, kw_only=True, frozen=True):
    """One message of any role; what a role requires is in `rules`.

    Attributes:
        content: Null only for an assistant that called tools, refused or spoke, and for a function.
        tool_call_id: Of a tool message: the call it answers.
        function_call: The predecessor of ``tool_calls``.
    """

    role: Role
    content: Content | None = None
    name: str | None = None
    refusal: str | None = None
    audio: AudioReference | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: FunctionCall | None = None
    tool_call_id: str | None = None


class ChatRequest(msgspec.Struct, kw_only=True, frozen=True):
    """A chat, typed. ``reasoning_effort``, ``service_tier`` and the like are free strings: providers differ."""

    model: ModelName
    messages: Annotated[list[Message], Meta(min_length=1)]
    audio: AudioOutput | None = None
    frequency_penalty: Penalty | None = None
    function_call: FunctionChoice | None = None
    functions: Annotated[list[FunctionDefinition], Meta(max_length=128)] | None = None
    logit_bias: Bias | None = None
    logprobs: bool | int | None = None
    """The API takes true or false; some providers take how many."""
    max_completion_tokens: Positive | None = None
    max_tokens: Positive | None = None
    metadata: Metadata | None = None
    modalities: list[str] | None = None
    moderation: Moderation | None = None
    n: Choices | None = None
    parallel_tool_calls: bool | None = None
    prediction: Prediction | None = None
    presence_penalty: Penalty | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: CacheOptions | None = None
    prompt_cache_retention: str | None = None
    reasoning_effort: str | None = None
    response_format: ResponseFormat | None = None
    safety_identifier: Annotated[str, Meta(max_length=128)] | None = None
    seed: Seed | None = None
    service_tier: str | None = None
    stop: Stop | None = None
    store: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Temperature | None = None
    tool_choice: ToolChoice | None = None
    tools: Annotated[list[Tool], Meta(max_length=128)] | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    top_p: Probability | None = None
    user: str | None = None
    verbosity: str | None = None
    web_search_options: WebSearchOptions | None = None

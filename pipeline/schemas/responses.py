"""The request of ``POST /v1/responses``.

One struct holds every item, as one holds every part: those of types that are not looked into are a provider's own
tools at work, and pass to whoever has them. Fields of several shapes are left open; `response_rules` checks those that
matter.

Source: https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from .fields import Metadata, ModelName, Positive, Probability, Temperature

Kind = Annotated[str, Meta(min_length=1)]


class ResponsePart(msgspec.Struct, kw_only=True, frozen=True):
    """One part of what an item says, of whatever type."""

    type: Kind
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None
    detail: str | None = None
    file_id: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None
    annotations: list[dict[str, Any]] | None = None
    logprobs: Any = None
    input_audio: Any = None
    prompt_cache_breakpoint: dict[str, Any] | None = None


class ResponseItem(msgspec.Struct, kw_only=True, frozen=True):
    """One item of a conversation. Without a type it is a message.

    Attributes:
        content: Of a message, or the thoughts of a reasoning item.
        arguments: Of a function call the text; other calls have other shapes.
        output: Of a function call's result a text or parts; other results have other shapes.
    """

    type: Kind | None = None
    id: str | None = None
    role: str | None = None
    content: str | list[ResponsePart] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: Any = None
    output: Any = None
    summary: list[ResponsePart] | None = None
    encrypted_content: str | None = None
    status: str | None = None
    phase: str | None = None
    namespace: str | None = None
    caller: dict[str, Any] | None = None


class ResponseTool(msgspec.Struct, kw_only=True, frozen=True):
    """A tool on offer: a function, or by its type one that a provider has."""

    type: Kind
    name: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    allowed_callers: list[str] | None = None
    defer_loading: bool | None = None
    output_schema: dict[str, Any] | None = None


class TextFormat(msgspec.Struct, kw_only=True, frozen=True):
    """What the answer has to look like: ``text``, ``json_object`` or ``json_schema``."""

    type: Kind
    name: str | None = None
    description: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class TextConfig(msgspec.Struct, kw_only=True, frozen=True):
    """The form of the answer's text."""

    format: TextFormat | None = None
    verbosity: str | None = None


class ReasoningConfig(msgspec.Struct, kw_only=True, frozen=True):
    """How much to think, and how much of it to tell."""

    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None
    context: str | None = None
    mode: str | None = None


class ResponsesRequest(msgspec.Struct, kw_only=True, frozen=True):
    """A response to be made, typed. Settings that grow, such as ``service_tier``, are free strings."""

    model: ModelName
    input: str | list[ResponseItem] | None = None
    access_programs: dict[str, Any] | None = None
    background: bool | None = None
    background_options: dict[str, Any] | None = None
    context_management: list[dict[str, Any]] | None = None
    conversation: str | dict[str, Any] | None = None
    image: dict[str, Any] | None = None
    include: list[str] | None = None
    instructions: str | None = None
    max_output_tokens: Positive | None = None
    max_tool_calls: Positive | None = None
    metadata: Metadata | None = None
    moderation: dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    previous_response_id: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    prompt: dict[str, Any] | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: dict[str, Any] | None = None
    prompt_cache_retention: str | None = None
    reasoning: ReasoningConfig | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None
    store: bool | None = None
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    temperature: Temperature | None = None
    text: TextConfig | None = None
    tool_choice: str | dict[str, Any] | None = None
    tools: Annotated[list[ResponseTool], Meta(max_length=128)] | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    top_p: Probability | None = None
    truncation: str | None = None
    user: str | None = None


class CountResponseRequest(ResponsesRequest, kw_only=True, frozen=True):
    """A response that is not to be made: how many tokens would go into it? ``POST /v1/responses/input_tokens``."""


_KNOWN = frozenset({None, "message", "function_call", "function_call_output", "reasoning", "item_reference"})


def is_openais_own(value: object) -> bool:
    """Say whether a value is an item or a tool of a type that is not looked into, and may have any fields."""
    if isinstance(value, ResponseTool):
        return value.type != "function"
    return isinstance(value, ResponseItem) and value.type not in _KNOWN

"""The requests of Gemini's ``:generateContent``, ``:streamGenerateContent`` and ``:countTokens``.

The API names the model, and whether to stream, in the path; here both stand in the body, where the edge puts them.
Names are in camel case; see `generate_names` for the other spelling. Where Google's servers take one object for a list
of one, it is taken here.

Source: https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from .fields import Choices, ModelName, Natural, Penalty, Positive, Probability, Seed, Temperature

T = TypeVar("T")


class Blob(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """Data in base64."""

    mime_type: str
    data: str
    display_name: str | None = None


class FileData(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """Data that the provider fetches."""

    file_uri: str
    mime_type: str | None = None
    display_name: str | None = None


class Call(msgspec.Struct, kw_only=True, frozen=True):
    """A call of a function that the model made. Many have no id: then order tells which result is whose."""

    name: str
    args: dict[str, Any] | None = None
    id: str | None = None


class ResponsePart(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """What a function gave beside its response: data of some kind."""

    inline_data: Blob | None = None
    file_data: FileData | None = None


class CallResponse(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """What a call gave."""

    name: str
    response: dict[str, Any] | None = None
    id: str | None = None
    parts: list[ResponsePart] | None = None
    scheduling: str | None = None
    will_continue: bool | None = None


class Code(msgspec.Struct, kw_only=True, frozen=True):
    """Code that the model has run, or what came of it."""

    id: str | None = None
    language: str | None = None
    code: str | None = None
    outcome: str | None = None
    output: str | None = None


class GeminiPart(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """One part of a content: one of its fields says what it is."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: Call | None = None
    function_response: CallResponse | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    executable_code: Code | None = None
    code_execution_result: Code | None = None
    media_resolution: Any = None
    part_metadata: dict[str, Any] | None = None
    video_metadata: dict[str, Any] | None = None


class GeminiContent(msgspec.Struct, kw_only=True, frozen=True):
    """What one side says. ``function`` is how older clients name the user who brings results."""

    role: Literal["user", "model", "function", "system", ""] | None = None
    parts: list[GeminiPart] | GeminiPart | None = None


class Declaration(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """A function on offer: its parameters in OpenAPI's subset of JSON schemas, or in all of them."""

    name: Annotated[str, Meta(min_length=1, max_length=128)]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    parameters_json_schema: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    response_json_schema: dict[str, Any] | None = None
    behavior: str | None = None


class GeminiTool(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """Functions on offer, or by another name a tool of Google's own, such as ``googleSearch``."""

    function_declarations: list[Declaration] | None = None


class CallingConfig(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """Whether to call a function, and which ones."""

    mode: str | None = None
    allowed_function_names: list[str] | None = None
    stream_function_call_arguments: bool | None = None


class ToolConfig(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """How tools are used."""

    function_calling_config: CallingConfig | None = None
    retrieval_config: dict[str, Any] | None = None
    include_server_side_tool_invocations: bool | None = None


class ThinkingConfig(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """How much to think: a budget in tokens, 0 for none and -1 for as much as the model wants, or a level."""

    include_thoughts: bool | None = None
    thinking_budget: int | None = None
    thinking_level: str | None = None


class GenerationConfig(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """How the answer is to be made."""

    candidate_count: Choices | None = None
    frequency_penalty: Penalty | None = None
    logprobs: Natural | None = None
    max_output_tokens: Positive | None = None
    media_resolution: str | None = None
    presence_penalty: Penalty | None = None
    response_json_schema: Any = None
    response_logprobs: bool | None = None
    response_mime_type: str | None = None
    response_modalities: list[str] | None = None
    response_schema: dict[str, Any] | None = None
    seed: Seed | None = None
    speech_config: dict[str, Any] | None = None
    stop_sequences: list[str] | None = None
    temperature: Temperature | None = None
    thinking_config: ThinkingConfig | None = None
    top_k: Annotated[float, Meta(ge=0)] | None = None
    top_p: Probability | None = None


class GenerateRequest(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """A conversation to continue, or whose tokens are to be counted, typed."""

    model: ModelName
    contents: list[GeminiContent] | GeminiContent
    stream: bool | None = None
    cached_content: str | None = None
    generation_config: GenerationConfig | None = None
    labels: dict[str, str] | None = None
    safety_settings: list[dict[str, Any]] | None = None
    service_tier: str | None = None
    store: bool | None = None
    system_instruction: GeminiContent | None = None
    tool_config: ToolConfig | None = None
    tools: list[GeminiTool] | GeminiTool | None = None


def many(given: list[T] | T | None) -> list[T]:
    """Return what is a list, one object in its place, or nothing, as a list."""
    if given is None:
        return []
    return given if isinstance(given, list) else [given]

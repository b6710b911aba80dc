"""The requests of Anthropic's ``POST /v1/messages`` and ``POST /v1/messages/count_tokens``.

Both of its versions are in it, 2023-06-01 and 2026-10-21: the second took ``temperature``, ``top_p`` and ``top_k``
away, and only the provider knows whether it still has them.

Source: https://docs.anthropic.com/en/api/messages
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from .fields import ModelName, Natural, Positive, Probability

Kind = Annotated[str, Meta(min_length=1)]
"""The type of a block, a tool or a setting. Those that the API does not know pass."""


class CacheControl(msgspec.Struct, kw_only=True, frozen=True):
    """Asks the provider to keep the prompt up to here. ``ttl`` is ``5m`` or ``1h``, and may become more."""

    type: Kind
    ttl: str | None = None


class Source(msgspec.Struct, kw_only=True, frozen=True):
    """Where the data of an image or a document is: here, at a URL, in a file of the provider's, or in blocks."""

    type: Kind
    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    content: str | list[ContentBlock] | None = None


class ContentBlock(msgspec.Struct, kw_only=True, frozen=True):
    """One block of a message's content, of whatever type; what a type requires is in `message_rules`.

    Attributes:
        type: One of `KNOWN_BLOCKS`, or one that only Anthropic knows, such as those of its own tools.
        source: Of an image or a document; of a search result it is a URL or a name.
        content: Of a tool's result, or of a search result.
        data: Of thoughts that the provider shows in no readable form.
        citations: Of a text where it comes from, of a document whether it may be cited.
        caller: Who called the tool, if it was not the model itself.
    """

    type: Kind
    text: str | None = None
    source: Source | str | None = None
    title: str | None = None
    context: str | None = None
    id: str | None = None
    name: str | None = None
    input: dict[str, Any] | None = None
    tool_use_id: str | None = None
    content: str | list[ContentBlock] | None = None
    is_error: bool | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    citations: dict[str, Any] | list[dict[str, Any]] | None = None
    cache_control: CacheControl | None = None
    caller: dict[str, Any] | None = None
    toolset_name: str | None = None
    transformations: dict[str, Any] | None = None


KNOWN_BLOCKS = frozenset(
    {
        "text",
        "image",
        "document",
        "search_result",
        "tool_use",
        "tool_result",
        "thinking",
        "redacted_thinking",
    }
)
"""Types of blocks that are looked into. The rest are Anthropic's own tools at work."""


class MessageParam(msgspec.Struct, kw_only=True, frozen=True):
    """One message. Instructions come before all of them, as ``system``; some models take them in between as well."""

    role: Literal["user", "assistant", "system"]
    content: str | list[ContentBlock]


class ToolParam(msgspec.Struct, kw_only=True, frozen=True):
    """A tool on offer: a function of the caller's, or by its ``type`` one that Anthropic knows.

    ``input_schema`` is a JSON Schema, which nobody here interprets.
    """

    name: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    type: Kind | None = None
    description: str | None = None
    input_schema: dict[str, Any] | None = None
    strict: bool | None = None
    cache_control: CacheControl | None = None
    allowed_callers: list[str] | None = None
    defer_loading: bool | None = None
    eager_input_streaming: bool | None = None
    input_examples: list[dict[str, Any]] | None = None


class ToolChoiceParam(msgspec.Struct, kw_only=True, frozen=True):
    """Whether to call a tool; ``tool`` requires the ``name`` of the one."""

    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class Thinking(msgspec.Struct, kw_only=True, frozen=True):
    """Whether to think first: ``enabled`` with a budget, ``adaptive``, ``disabled``, or as a newer model has it."""

    type: Kind
    budget_tokens: Positive | None = None
    display: str | None = None


class OutputFormat(msgspec.Struct, kw_only=True, frozen=True):
    """What the answer has to look like. ``json_schema`` requires a schema."""

    type: Kind
    schema: dict[str, Any] | None = None


class OutputConfig(msgspec.Struct, kw_only=True, frozen=True):
    """How much the model should do for its answer, and what it has to look like."""

    effort: str | None = None
    format: OutputFormat | None = None
    task_budget: dict[str, Any] | None = None


class MessageMetadata(msgspec.Struct, kw_only=True, frozen=True):
    """Who asks: an opaque name of the end user."""

    user_id: Annotated[str, Meta(max_length=512)] | None = None


class CountTokensRequest(msgspec.Struct, kw_only=True, frozen=True):
    """A conversation whose tokens are to be counted, typed."""

    model: ModelName
    messages: Annotated[list[MessageParam], Meta(min_length=1, max_length=100_000)]
    cache_control: CacheControl | None = None
    context_management: dict[str, Any] | None = None
    mcp_servers: list[dict[str, Any]] | None = None
    output_config: OutputConfig | None = None
    output_format: OutputFormat | None = None
    """The predecessor of ``output_config.format``."""
    speed: str | None = None
    system: str | list[ContentBlock] | None = None
    thinking: Thinking | None = None
    tool_choice: ToolChoiceParam | None = None
    tools: list[ToolParam] | None = None


class MessagesRequest(CountTokensRequest, kw_only=True, frozen=True):
    """A conversation to continue, typed. ``service_tier``, ``speed`` and the like are free strings: they grow."""

    max_tokens: Positive
    container: str | dict[str, Any] | None = None
    diagnostics: dict[str, Any] | None = None
    inference_geo: str | None = None
    metadata: MessageMetadata | None = None
    service_tier: str | None = None
    stop_sequences: list[str] | None = None
    stream: bool | None = None
    temperature: Probability | None = None
    top_k: Natural | None = None
    top_p: Probability | None = None

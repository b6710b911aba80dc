"""What is asked: a conversation, and how it is to be continued."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from .blocks import CacheMark, Text, Turn


class Tool(msgspec.Struct, frozen=True):
    """A tool on offer.

    Attributes:
        parameters: A JSON schema of type object; None where the tool takes nothing.
        native: A tool of the caller's dialect that is no function, such as a web search of the provider's own, as it
            came; then only ``name`` is set beside it, and only who speaks that dialect may send it on.
    """

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    cache: CacheMark | None = None
    native: dict[str, Any] | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    """Whether to call a tool. ``one`` names the one to call; ``allowed`` narrows the offer where it is not empty."""

    mode: Literal["auto", "required", "none", "one"]
    name: str | None = None
    allowed: tuple[str, ...] = ()


class Format(msgspec.Struct, frozen=True):
    """What the answer has to look like: any JSON object, or JSON by a schema."""

    kind: Literal["json", "schema"]
    name: str | None = None
    description: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class Reasoning(msgspec.Struct, frozen=True):
    """How much to think before answering.

    Attributes:
        enabled: False forbids it; None leaves it to the model.
        effort: ``minimal``, ``low``, ``medium``, ``high``, ``xhigh`` or ``max``.
        budget: Tokens it may take, where the caller counts them.
        shown: Whether the caller wants to read it; None for what the provider does by itself.
    """

    enabled: bool | None = None
    effort: str | None = None
    budget: int | None = None
    shown: bool | None = None


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    """One request for an answer, in no dialect.

    Attributes:
        dialect: Whose it was; says whose are `Foreign` blocks, native tools and ``extra``.
        model: As the caller named it; the target's own name goes upstream.
        system: Instructions before the conversation.
        turns: The conversation; the last one may be the assistant's, to be continued.
        max_tokens: Of the answer, thinking included.
        n: How many answers are wanted.
        stop: Texts that end the answer.
        top_logprobs: How many alternatives to tell for each token; ``logprobs`` says whether any are wanted.
        user: An opaque name of the end user, for the provider's checks on abuse.
        usage_wanted: Whether the caller of a stream asked for its tokens.
        functions: Whether the caller knows functions only, OpenAI's predecessor of tools, and so one call an answer.
        betas: Features that the caller has asked for by names of its dialect, as in ``anthropic-beta``. Only who speaks
            that dialect may send them on, as far as it knows them.
        echo: What answers repeat of the request, in dialects that do; no provider is told.
        extra: Fields that have no place here, as they came. Only who speaks that dialect may send them on.
    """

    dialect: str
    model: str
    system: tuple[Text, ...] = ()
    turns: tuple[Turn, ...] = ()
    tools: tuple[Tool, ...] = ()
    choice: ToolChoice | None = None
    parallel_calls: bool | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    n: int = 1
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: dict[str, float] | None = None
    format: Format | None = None
    reasoning: Reasoning | None = None
    user: str | None = None
    metadata: dict[str, str] | None = None
    service_tier: str | None = None
    stream: bool = False
    usage_wanted: bool = False
    functions: bool = False
    betas: tuple[str, ...] = ()
    echo: dict[str, Any] = {}
    extra: dict[str, Any] = {}

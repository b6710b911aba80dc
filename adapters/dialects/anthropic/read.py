"""From a request to what it asks, in the form."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import Block, CacheMark, File, Image, Text, ToolCall, ToolResult, Turn
from sluicegate.pipeline.form.chat import Chat, Format, Reasoning, Tool, ToolChoice
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.decode import decode_whole
from sluicegate.pipeline.schemas.messages import (
    ContentBlock,
    CountTokensRequest,
    MessagesRequest,
    OutputFormat,
    Thinking,
    ToolChoiceParam,
    ToolParam,
)

from .blocks import blocks_of, mark_of, text_of


class _Message(msgspec.Struct):
    """A message whose blocks stay as they came."""

    role: Literal["system", "user", "assistant"]
    content: str | list[msgspec.Raw]


_messages = msgspec.json.Decoder(list[_Message]).decode
_TOOLS = msgspec.json.Decoder(list[dict[str, Any]] | None)
_typed_tools = msgspec.json.Decoder(list[ToolParam] | None).decode
_system = msgspec.json.Decoder(str | list[ContentBlock] | None).decode
_IN_FORM = frozenset(
    {
        "cache_control",
        "max_tokens",
        "messages",
        "metadata",
        "model",
        "output_config",
        "output_format",
        "service_tier",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    }
)
_TIERS = {"standard_only": "default"}
_MODES: dict[str, Literal["auto", "required", "none", "one"]] = {
    "auto": "auto",
    "any": "required",
    "none": "none",
    "tool": "one",
}


def read(request: Request) -> Chat:
    """Return what a request asks.

    What is said is taken from the fields as they are now, which stages may have changed; the settings from the typed
    view.

    Raises:
        InvalidRequest: `validate` has not seen it, or a tool's result holds a block that has no place in the form.
    """
    typed = request.typed
    if not isinstance(typed, CountTokensRequest):
        raise InvalidRequest("only what `validate` has let through can be told to a provider of another API")
    fields = request.fields
    turns = _turns(_messages(fields["messages"]))
    choice = typed.tool_choice
    return Chat(
        dialect="anthropic",
        model=typed.model,
        system=_instructions(fields.get("system")),
        turns=turns if typed.cache_control is None else _marked(turns, mark_of(typed.cache_control)),
        tools=_offers(fields["tools"]) if "tools" in fields else (),
        choice=_choice(choice),
        parallel_calls=_parallel(choice),
        format=_format(typed),
        reasoning=_reasoning(typed),
        betas=_betas(request),
        extra=_extra(fields),
        **(_settings(typed) if isinstance(typed, MessagesRequest) else {}),
    )


def _betas(request: Request) -> tuple[str, ...]:
    names = (name.strip() for name in request.headers.get("anthropic-beta", "").split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def _extra(fields: dict[str, msgspec.Raw]) -> dict[str, Any]:
    """Return what a chat has no place for. Null is how a caller leaves a field out."""
    decoded = ((name, decode_whole(raw)) for name, raw in fields.items() if name not in _IN_FORM)
    return {name: value for name, value in decoded if value is not None}


def _settings(typed: MessagesRequest) -> dict[str, Any]:
    """Return what is asked of an answer, and not of a count."""
    return {
        "max_tokens": typed.max_tokens,
        "temperature": typed.temperature,
        "top_p": typed.top_p,
        "top_k": typed.top_k,
        "stop": tuple(typed.stop_sequences or ()),
        "user": typed.metadata.user_id if typed.metadata is not None else None,
        "service_tier": None if typed.service_tier is None else _TIERS.get(typed.service_tier, typed.service_tier),
        "stream": bool(typed.stream),
        "usage_wanted": True,
    }


def _instructions(raw: msgspec.Raw | None) -> tuple[Text, ...]:
    system = _system(raw) if raw is not None else None
    if isinstance(system, str):
        return (Text(system),) if system else ()
    return tuple(text_of(block) for block in system or ())


def _turns(messages: list[_Message]) -> tuple[Turn, ...]:
    names: dict[str, str] = {}
    turns = []
    for index, message in enumerate(messages):
        blocks = list(blocks_of(f"messages[{index}].content", message.content, names))
        if message.role == "user":
            blocks.sort(key=lambda block: not isinstance(block, ToolResult))  # results come first
        turns.append(Turn(message.role, tuple(blocks)))
    return tuple(turns)


def _marked(turns: tuple[Turn, ...], mark: CacheMark | None) -> tuple[Turn, ...]:
    """Mark the last block that can be, as ``cache_control`` at the top asks for."""
    for place in reversed(range(len(turns))):
        turn = turns[place]
        for index in reversed(range(len(turn.blocks))):
            block = turn.blocks[index]
            if isinstance(block, Text | Image | File | ToolCall | ToolResult):
                marked: Block = msgspec.structs.replace(block, cache=block.cache or mark)
                blocks = (*turn.blocks[:index], marked, *turn.blocks[index + 1 :])
                return (*turns[:place], Turn(turn.role, blocks, turn.name), *turns[place + 1 :])
    return turns


def _offers(raw: msgspec.Raw) -> tuple[Tool, ...]:
    values = decode_whole(raw, _TOOLS) or ()
    return tuple(_offer(tool, value) for tool, value in zip(_typed_tools(raw) or (), values, strict=True))


def _offer(tool: ToolParam, value: dict[str, Any]) -> Tool:
    name = tool.name or ""
    if tool.type is not None and tool.type != "custom":
        return Tool(name or tool.type, native=value)
    mark = mark_of(tool.cache_control)
    return Tool(name, value.get("description"), value["input_schema"], tool.strict, mark)


def _choice(choice: ToolChoiceParam | None) -> ToolChoice | None:
    if choice is None:
        return None
    mode = _MODES[choice.type]
    return ToolChoice(mode, choice.name if mode == "one" else None)


def _parallel(choice: ToolChoiceParam | None) -> bool | None:
    forbidden = choice.disable_parallel_tool_use if choice is not None else None
    return None if forbidden is None else not forbidden


def _format(typed: CountTokensRequest) -> Format | None:
    form: OutputFormat | None = typed.output_config.format if typed.output_config is not None else None
    form = form or typed.output_format
    return Format("schema", schema=form.schema) if form is not None and form.type == "json_schema" else None


def _reasoning(typed: CountTokensRequest) -> Reasoning | None:
    """Return how much to think. ``adaptive`` leaves it to the model, and newer types are said of the model alone."""
    effort = typed.output_config.effort if typed.output_config is not None else None
    thinking = typed.thinking or Thinking(type="adaptive")
    enabled = {"enabled": True, "disabled": False}.get(thinking.type)
    shown = {"summarized": True, "omitted": False}.get(thinking.display or "")
    budget = thinking.budget_tokens if enabled else None
    told = Reasoning(enabled, effort, budget, shown)
    return None if told == Reasoning() else told

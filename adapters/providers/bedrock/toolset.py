"""The tools on offer, and whether one is to be called."""

from __future__ import annotations

from sluicegate.pipeline.form.blocks import ToolCall
from sluicegate.pipeline.form.chat import Chat, Tool
from sluicegate.pipeline.form.sides import Dropped

from ..anthropic.tables import Model
from ..openai.tool_names import short_name
from .blocks import BlockWriter, Fields
from .tables import Family

_NOTHING: Fields = {"type": "object", "properties": {}}


def write_tools(
    chat: Chat, family: Family, model: Model, writer: BlockWriter, dropped: Dropped
) -> tuple[Fields | None, Fields | None]:
    """Return ``toolConfig``, and the ``tool_choice`` that only Claude can be told beside it; either may be None.

    Raises:
        InvalidRequest: The model cannot be made to call one, or kept from it, or a tool is another provider's own.
    """
    claude = family.thinks == "claude"
    called = dict.fromkeys(block.name for turn in chat.turns for block in turn.blocks if isinstance(block, ToolCall))
    mode = chat.choice.mode if chat.choice is not None else "auto"
    offered = _offered(chat)
    if mode == "none" and not called:
        return None, None
    if not offered:
        # Calls in a conversation are refused without their tools. Claude is told not to call these again.
        past: list[Fields] = [{"toolSpec": _spec(name)} for name in called]
        return ({"tools": past}, {"type": "none"} if claude else None) if past else (None, None)
    tools: list[Fields] = []
    for tool in offered:
        tools.append({"toolSpec": _tool(tool, family, model, dropped)})
        writer.mark(tool.cache, tools, tools=True)
    config: Fields = {"tools": tools}
    if mode == "none":
        if not claude:
            raise dropped.unsupported("tool_choice", "tool_choice none behind tool calls, with this model")
        return config, {"type": "none"}
    if mode in ("required", "one") and claude and not model.forced:
        raise dropped.unsupported("tool_choice", "tool_choice that forces a call, with this model")
    if chat.parallel_calls is False:
        if claude:
            return config, {**_claudes(chat), "disable_parallel_tool_use": True}
        dropped.drop("parallel_tool_calls")
    if mode == "required":
        config["toolChoice"] = {"any": {}}
    elif mode == "one" and chat.choice is not None:
        config["toolChoice"] = {"tool": {"name": short_name(chat.choice.name or "")}}
    return config, None


def _offered(chat: Chat) -> tuple[Tool, ...]:
    if chat.choice is None or not chat.choice.allowed:
        return chat.tools
    return tuple(tool for tool in chat.tools if tool.name in chat.choice.allowed)


def _claudes(chat: Chat) -> Fields:
    """Return the choice in Claude's own words."""
    choice = chat.choice
    if choice is not None and choice.mode == "one":
        return {"type": "tool", "name": short_name(choice.name or "")}
    return {"type": "any" if choice is not None and choice.mode == "required" else "auto"}


def _tool(tool: Tool, family: Family, model: Model, dropped: Dropped) -> Fields:
    if tool.native is not None:
        raise dropped.unsupported("tools", f"tool {tool.name!r}")
    fields = _spec(tool.name)
    if tool.description:
        fields["description"] = tool.description
    if tool.parameters:
        fields["inputSchema"] = {"json": {"type": "object", **tool.parameters}}
    if tool.strict and (family.thinks != "claude" or model.schemas):
        fields["strict"] = True
    elif tool.strict:
        dropped.drop("tools.strict")
    return fields


def _spec(name: str) -> Fields:
    return {"name": short_name(name), "inputSchema": {"json": _NOTHING}}

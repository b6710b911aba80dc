"""The tools on offer, and whether one is to be called."""

from __future__ import annotations

from sluicegate.pipeline.form.blocks import ToolCall
from sluicegate.pipeline.form.chat import Chat, Tool
from sluicegate.pipeline.form.sides import Dropped

from .blocks import BlockWriter, Fields
from .tables import Model

_NOTHING: Fields = {"type": "object", "properties": {}}


def write_tools(chat: Chat, model: Model, writer: BlockWriter, dropped: Dropped) -> Fields:
    """Return ``tools`` and ``tool_choice``, as far as the request needs them.

    Raises:
        InvalidRequest: The model cannot be made to call one, or a tool is one of another provider's own.
    """
    tools = [_tool(tool, chat, model, writer, dropped) for tool in _offered(chat)]
    if not tools:
        # Calls in a conversation are refused without their tools. With these, none may be called again.
        names = dict.fromkeys(block.name for turn in chat.turns for block in turn.blocks if isinstance(block, ToolCall))
        past: list[Fields] = [{"name": name, "input_schema": _NOTHING} for name in names]
        return {"tools": past, "tool_choice": {"type": "none"}} if past else {}
    choice = _choice(chat, model, dropped)
    return {"tools": tools, "tool_choice": choice} if choice else {"tools": tools}


def forces(chat: Chat) -> bool:
    """Say whether some tool has to be called."""
    return bool(chat.tools) and chat.choice is not None and chat.choice.mode in ("required", "one")


def _offered(chat: Chat) -> tuple[Tool, ...]:
    if chat.choice is None or not chat.choice.allowed:
        return chat.tools
    return tuple(tool for tool in chat.tools if tool.name in chat.choice.allowed)


def _tool(tool: Tool, chat: Chat, model: Model, writer: BlockWriter, dropped: Dropped) -> Fields:
    if tool.native is not None:
        if chat.dialect != "anthropic":
            raise dropped.unsupported(f"tool {tool.name!r}")
        return writer.marked({**tool.native}, tool.cache)
    fields: Fields = {"name": tool.name}
    if tool.description:
        fields["description"] = tool.description
    fields["input_schema"] = {"type": "object", **tool.parameters} if tool.parameters else _NOTHING
    if tool.strict and model.schemas:
        fields["strict"] = True
    elif tool.strict:
        dropped.drop("tools.strict")
    return writer.marked(fields, tool.cache)


def _choice(chat: Chat, model: Model, dropped: Dropped) -> Fields | None:
    mode = chat.choice.mode if chat.choice is not None else None
    if mode == "none":
        return {"type": "none"}
    if forces(chat) and not model.forced:
        raise dropped.unsupported("tool_choice that forces a call, with this model")
    fields: Fields
    if mode == "one" and chat.choice is not None:
        fields = {"type": "tool", "name": chat.choice.name or ""}
    elif mode is None and chat.parallel_calls is not False:
        return None
    else:
        fields = {"type": "any" if mode == "required" else "auto"}
    if chat.parallel_calls is False:
        fields["disable_parallel_tool_use"] = True
    return fields

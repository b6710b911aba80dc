"""Tools of OpenAI's requests, and the choice among them."""

from __future__ import annotations

from typing import Any

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.chat import Tool, ToolChoice
from sluicegate.pipeline.schemas import ChatRequest, FunctionDefinition, NamedToolChoice
from sluicegate.pipeline.schemas import Tool as ToolOffer

from .parts import read_mark


def read_tools(typed: ChatRequest, raws: list[dict[str, Any]]) -> tuple[Tool, ...]:
    """Return the tools on offer, those of the older ``functions`` included."""
    tools = [_tool(tool, raw) for tool, raw in zip(typed.tools or (), raws, strict=True)]
    return (*tools, *(_function(function, {}) for function in typed.functions or ()))


def _tool(tool: ToolOffer, raw: dict[str, Any]) -> Tool:
    if tool.type == "function" and tool.function is not None:
        return _function(tool.function, raw)
    named = raw.get(tool.type)
    name = named.get("name") if isinstance(named, dict) else raw.get("name")
    return Tool(name if isinstance(name, str) else tool.type, native=raw)


def _function(function: FunctionDefinition, raw: dict[str, Any]) -> Tool:
    mark = read_mark(raw) or read_mark(raw.get("function", {}))
    return Tool(function.name, function.description, function.parameters, function.strict, mark)


def read_choice(typed: ChatRequest) -> ToolChoice | None:
    """Return the choice among tools. Raises InvalidRequest for one of a kind that only its provider knows."""
    choice = typed.tool_choice
    if isinstance(choice, NamedToolChoice):
        return _named(choice)
    if choice is not None:
        return ToolChoice("required" if choice == "any" else choice)
    older = typed.function_call
    if older is None or isinstance(older, str):
        return None if older is None else ToolChoice(older)
    return ToolChoice("one", older.name)


def _named(choice: NamedToolChoice) -> ToolChoice:
    if choice.type == "allowed_tools" and choice.allowed_tools is not None:
        allowed = (_name_of(tool) for tool in choice.allowed_tools.tools)
        return ToolChoice(choice.allowed_tools.mode, allowed=tuple(allowed))
    named = choice.function if choice.type == "function" else choice.custom if choice.type == "custom" else None
    if named is None:
        told = "tool_choice.type: only OpenAI's own kinds can be told to this provider"
        raise InvalidRequest(told, param="tool_choice.type", code="unsupported_parameter")
    return ToolChoice("one", named.name)


def _name_of(tool: dict[str, Any]) -> str:
    """Return the name of an allowed tool. Raises InvalidRequest where it has none."""
    kind = tool.get("type")
    named = tool.get(kind) if isinstance(kind, str) else None
    name = named.get("name") if isinstance(named, dict) else tool.get("name")
    if not isinstance(name, str):
        path = "tool_choice.allowed_tools.tools"
        raise InvalidRequest(f"{path}: each needs a name", param=path)
    return name

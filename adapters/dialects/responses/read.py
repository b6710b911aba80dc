"""From a request for a response to a chat in no dialect."""

from __future__ import annotations

from typing import Any

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import Text
from sluicegate.pipeline.form.chat import Chat, Format, Reasoning, Tool, ToolChoice
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas import ResponsesRequest
from sluicegate.pipeline.schemas.decode import decode_whole
from sluicegate.pipeline.schemas.responses import ResponseItem, ResponseTool

from .items import Conversed, unsupported

NAME = "responses"
_item = msgspec.json.Decoder(ResponseItem).decode
_input = msgspec.json.Decoder(str | list[ResponseItem] | None).decode
_PLACELESS = (
    "access_programs",
    "background_options",
    "context_management",
    "image",
    "max_tool_calls",
    "moderation",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
)
_LOGPROBS = "message.output_text.logprobs"


def read(request: Request) -> Chat:
    """Return what a checked request asks, after what was said before it.

    Raises:
        InvalidRequest: `validate` has not seen it, or only OpenAI's own API can be told something in it. With status
            404: It goes on from a response that nobody here knows.
    """
    typed = request.typed
    if not isinstance(typed, ResponsesRequest):
        raise InvalidRequest("only what `validate` has let through can be told to a provider of another API")
    _refuse(typed, request)
    said = Conversed()
    for raw in request.recalled.items if request.recalled is not None else ():
        said.add("previous_response_id", _item(raw))
    asked = _input(request.fields.get("input", b"null"))
    if isinstance(asked, str):
        asked = [ResponseItem(role="user", content=asked)]
    for index, item in enumerate(asked or ()):
        said.add(f"input[{index}]", item)
    tools = decode_whole(request.fields["tools"]) if typed.tools else []
    top = typed.top_logprobs
    return Chat(
        dialect=NAME,
        model=typed.model,
        system=(*((Text(typed.instructions),) if typed.instructions else ()), *said.system),
        turns=said.turns,
        tools=tuple(_tool(tool, raw) for tool, raw in zip(typed.tools or (), tools, strict=True)),
        choice=_choice(typed.tool_choice),
        parallel_calls=typed.parallel_tool_calls if typed.tools else None,
        max_tokens=typed.max_output_tokens,
        temperature=typed.temperature,
        top_p=typed.top_p,
        logprobs=True if top or _LOGPROBS in (typed.include or ()) else None,
        top_logprobs=top or None,
        format=_format(typed),
        reasoning=_reasoning(typed),
        user=typed.safety_identifier or typed.user,
        service_tier=typed.service_tier,
        stream=bool(typed.stream),
        usage_wanted=True,
        echo=_echo(typed, tools),
        extra=_extra(request, typed),
    )


def _refuse(typed: ResponsesRequest, request: Request) -> None:
    if typed.background:
        raise unsupported("background", "a response in the background")
    for name in ("conversation", "prompt"):
        if getattr(typed, name) is not None:
            raise unsupported(name, "this")
    previous = typed.previous_response_id
    if previous is not None and request.recalled is None:
        told = f"previous_response_id: there is no response {previous!r} here, or it is kept no longer"
        raise InvalidRequest(told, param="previous_response_id", code="previous_response_not_found", status=404)


def _tool(tool: ResponseTool, raw: dict[str, Any]) -> Tool:
    if tool.type != "function":
        return Tool(tool.name or tool.type, native=raw)
    return Tool(tool.name or "", tool.description, tool.parameters, tool.strict)


def _choice(choice: str | dict[str, Any] | None) -> ToolChoice | None:
    if choice is None:
        return None
    if choice in ("auto", "required", "none"):
        return ToolChoice(choice)  # type: ignore[arg-type]  # one of the three, which mypy does not see
    if isinstance(choice, dict):
        name, tools = choice.get("name"), choice.get("tools")
        if choice.get("type") == "function" and isinstance(name, str):
            return ToolChoice("one", name)
        if choice.get("type") == "allowed_tools" and isinstance(tools, list):
            names = [tool.get("name") for tool in tools if isinstance(tool, dict) and tool.get("type") == "function"]
            allowed = tuple(each for each in names if isinstance(each, str))
            if allowed and len(allowed) == len(tools):
                return ToolChoice("required" if choice.get("mode") == "required" else "auto", allowed=allowed)
    raise unsupported("tool_choice", "this choice")


def _format(typed: ResponsesRequest) -> Format | None:
    form = typed.text.format if typed.text is not None else None
    if form is None or form.type == "text":
        return None
    if form.type == "json_object":
        return Format("json")
    if form.type == "json_schema":
        return Format("schema", form.name, form.description, form.schema, form.strict)
    raise unsupported("text.format.type", "this form")


def _reasoning(typed: ResponsesRequest) -> Reasoning | None:
    asked = typed.reasoning
    if asked is None:
        return None
    if asked.effort == "none":
        return Reasoning(enabled=False)
    shown = True if asked.summary or asked.generate_summary else None
    told = Reasoning(True if asked.effort else None, asked.effort, shown=shown)
    return None if told == Reasoning() else told


def _extra(request: Request, typed: ResponsesRequest) -> dict[str, Any]:
    """Return what a chat has no place for, by the names under which it is told to be left out."""
    unknown = [name for name in request.fields if name not in ResponsesRequest.__struct_encode_fields__]
    found = {name: decode_whole(request.fields[name]) for name in unknown}
    found.update((name, getattr(typed, name)) for name in _PLACELESS)
    found["text.verbosity"] = typed.text.verbosity if typed.text is not None else None
    for name in ("context", "mode"):
        found[f"reasoning.{name}"] = getattr(typed.reasoning, name, None)
    found["truncation"] = typed.truncation if typed.truncation != "disabled" else None
    return {name: value for name, value in found.items() if value is not None}


def _echo(typed: ResponsesRequest, tools: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what each response tells again, with the API's own defaults where nothing was said."""
    form = msgspec.to_builtins(typed.text.format) if typed.text is not None and typed.text.format else {"type": "text"}
    verbosity = {"verbosity": typed.text.verbosity} if typed.text is not None and typed.text.verbosity else {}
    asked = typed.reasoning
    summary = (asked.summary or asked.generate_summary) if asked is not None else None
    return {
        "background": False,
        "instructions": typed.instructions,
        "max_output_tokens": typed.max_output_tokens,
        "max_tool_calls": typed.max_tool_calls,
        "metadata": typed.metadata or {},
        "parallel_tool_calls": typed.parallel_tool_calls is not False,
        "previous_response_id": typed.previous_response_id,
        "prompt_cache_key": typed.prompt_cache_key,
        "reasoning": {"effort": asked.effort if asked is not None else None, "summary": summary},
        "safety_identifier": typed.safety_identifier,
        "service_tier": typed.service_tier or "default",
        "store": typed.store is not False,
        "temperature": 1.0 if typed.temperature is None else typed.temperature,
        "text": {"format": {name: value for name, value in form.items() if value is not None}, **verbosity},
        "tool_choice": "auto" if typed.tool_choice is None else typed.tool_choice,
        "tools": [{"parameters": None, "strict": None, **tool} for tool in tools],
        "top_logprobs": typed.top_logprobs or 0,
        "top_p": 1.0 if typed.top_p is None else typed.top_p,
        "truncation": typed.truncation or "disabled",
        "user": typed.user,
    }

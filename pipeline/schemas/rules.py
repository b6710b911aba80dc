"""What the OpenAI API asks of a request beyond the types of its fields: what goes with what, and what each role needs.

Of messages, parts and tools only what the API knows is looked into; other providers' own kinds pass.
"""

from __future__ import annotations

from .chat import ChatRequest, Message
from .completion import CompletionRequest
from .content import KNOWN_PARTS, FileInput, Part
from .embedding import EmbeddingRequest
from .forms import FormRequest, check_form
from .generate import GenerateRequest
from .generate_rules import check_contents
from .media import MediaRequest
from .media_rules import check_media
from .message_rules import check_conversation
from .messages import CountTokensRequest
from .refusals import refuse, require
from .response_rules import check_response
from .responses import ResponsesRequest
from .texts import TypedRequest
from .tools import NamedToolChoice, Tool, ToolCall


def check(typed: TypedRequest) -> None:
    """Raise InvalidRequest where a typed request breaks a rule."""
    if not typed.model.strip():
        refuse("model", "must not be blank")
    if isinstance(typed, EmbeddingRequest):
        _check_kinds("input", typed.input)
        return
    if isinstance(typed, MediaRequest):
        check_media(typed)
        return
    if isinstance(typed, FormRequest):
        check_form(typed)
        return
    if isinstance(typed, CountTokensRequest):
        check_conversation(typed)
        return
    if isinstance(typed, ResponsesRequest):
        check_response(typed)
        return
    if isinstance(typed, GenerateRequest):
        check_contents(typed)
        return
    if typed.stream_options is not None and not typed.stream:
        refuse("stream_options", "only allowed when stream is true")
    if isinstance(typed, CompletionRequest):
        _check_completion(typed)
    else:
        _check_chat(typed)


def _check_kinds(path: str, value: str | list[str | int | list[int]] | None) -> None:
    """Refuse a list that mixes strings, tokens and lists of tokens."""
    if isinstance(value, list) and len({type(item) for item in value}) > 1:
        refuse(path, "a list must hold strings, tokens or lists of tokens, not a mixture", "invalid_type")


def _check_completion(typed: CompletionRequest) -> None:
    _check_kinds("prompt", typed.prompt)
    if typed.best_of is not None:
        if typed.best_of < (typed.n or 1):
            refuse("best_of", f"must be at least n, which is {typed.n}")
        if typed.stream and typed.best_of > 1:
            refuse("best_of", "more than 1 cannot be streamed")


def _check_chat(typed: ChatRequest) -> None:
    for index, message in enumerate(typed.messages):
        _check_message(f"messages[{index}]", message)
    if typed.tools:
        for index, tool in enumerate(typed.tools):
            _check_tool(f"tools[{index}]", tool)
    else:
        if typed.tool_choice is not None:
            refuse("tool_choice", "only allowed with tools")
        if typed.parallel_tool_calls is not None:
            refuse("parallel_tool_calls", "only allowed with tools")
    if typed.function_call is not None and not typed.functions:
        refuse("function_call", "only allowed with functions")
    if isinstance(typed.tool_choice, NamedToolChoice) and typed.tool_choice.type in _CHOICES:
        kind = typed.tool_choice.type
        require(getattr(typed.tool_choice, kind), f"tool_choice.{kind}", f"for a choice of type {kind}")
    if typed.top_logprobs is not None and not typed.logprobs:
        refuse("top_logprobs", "only allowed when logprobs is true")
    if (form := typed.response_format) is not None and form.type == "json_schema":
        require(form.json_schema, "response_format.json_schema", "for a format of type json_schema")


_CHOICES = frozenset({"function", "custom", "allowed_tools"})


def _check_message(path: str, message: Message) -> None:
    role, content = message.role, message.content
    if content is not None:
        if not isinstance(content, str):
            _check_parts(f"{path}.content", content)
    elif role == "assistant":
        if not (message.tool_calls or message.function_call or message.audio or message.refusal is not None):
            require(None, f"{path}.content", "of an assistant that calls no tool")
    elif role != "function":
        require(None, f"{path}.content", f"for role {role}")
    if role == "tool":
        if not message.tool_call_id:
            require(None, f"{path}.tool_call_id", "for role tool")
    elif role == "function":
        require(message.name, f"{path}.name", "for role function")
    if message.tool_calls:
        if role != "assistant":
            refuse(f"{path}.tool_calls", f"not allowed for role {role}")
        for index, call in enumerate(message.tool_calls):
            _check_call(f"{path}.tool_calls[{index}]", call)


def _check_parts(path: str, parts: list[Part]) -> None:
    if not parts:
        refuse(path, "must not be empty", "empty_array")
    for index, part in enumerate(parts):
        kind = part.type
        if kind not in KNOWN_PARTS:
            continue
        value = getattr(part, kind)
        require(value, f"{path}[{index}].{kind}", f"for a part of type {kind}")
        if isinstance(value, FileInput) and value.file_id is None and value.file_data is None:
            refuse(f"{path}[{index}].file", "needs file_id or file_data", "missing_required_parameter")


def _check_tool(path: str, tool: Tool) -> None:
    if tool.type == "function" or tool.type == "custom":
        require(getattr(tool, tool.type), f"{path}.{tool.type}", f"for a tool of type {tool.type}")


def _check_call(path: str, call: ToolCall) -> None:
    if call.type == "function" or call.type == "custom":
        require(getattr(call, call.type), f"{path}.{call.type}", f"for a call of type {call.type}")

"""What the Responses API asks of a request beyond the types of its fields. Other providers' own items pass."""

from __future__ import annotations

from ..errors import InvalidRequest
from .refusals import refuse, require
from .responses import CountResponseRequest, ResponseItem, ResponsePart, ResponsesRequest

ROLES = frozenset({"user", "assistant", "system", "developer"})
_MODES = frozenset({"auto", "required", "none"})
_REQUIRED = {
    "function_call": ("call_id", "name", "arguments"),
    "function_call_output": ("call_id", "output"),
    "item_reference": ("id",),
}
_TEXTS = frozenset({"input_text", "output_text", "text"})


def check_response(typed: ResponsesRequest) -> None:
    """Raise InvalidRequest where a typed request breaks a rule."""
    if not typed.input and typed.prompt is None and typed.previous_response_id is None and typed.conversation is None:
        require(typed.input, "input", "without prompt, previous_response_id and conversation")
        told = "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must be provided."
        raise InvalidRequest(told, code="missing_required_parameter")  # what OpenAI says of an empty one
    if isinstance(typed, CountResponseRequest) and typed.stream:
        refuse("stream", "a count of tokens is no stream")
    if isinstance(typed.input, list):
        for index, item in enumerate(typed.input):
            _check_item(f"input[{index}]", item)
    for index, tool in enumerate(typed.tools or ()):
        if tool.type == "function":
            require(tool.name, f"tools[{index}].name", "for a tool of type function")
    if isinstance(typed.tool_choice, str) and typed.tool_choice not in _MODES:
        refuse("tool_choice", "must be one of auto, none, required, or an object")
    if typed.conversation is not None and typed.previous_response_id is not None:
        refuse("previous_response_id", "not allowed together with conversation")
    form = typed.text.format if typed.text is not None else None
    if form is not None and form.type == "json_schema":
        require(form.name, "text.format.name", "for a format of type json_schema")
        require(form.schema, "text.format.schema", "for a format of type json_schema")


def _check_item(path: str, item: ResponseItem) -> None:
    kind = item.type or "message"
    if kind == "message":
        require(item.role, f"{path}.role", "for a message")
        if item.role not in ROLES:
            refuse(f"{path}.role", f"must be one of {', '.join(sorted(ROLES))}")
        require(item.content, f"{path}.content", "for a message")
    for name in _REQUIRED.get(kind, ()):
        require(getattr(item, name), f"{path}.{name}", f"for an item of type {kind}")
    if kind == "function_call" and not isinstance(item.arguments, str):
        refuse(f"{path}.arguments", "expected a string", "invalid_type")
    if kind == "function_call_output" and not isinstance(item.output, str | list):
        refuse(f"{path}.output", "expected a string or a list of parts", "invalid_type")
    if isinstance(item.content, list):
        for index, part in enumerate(item.content):
            _check_part(f"{path}.content[{index}]", part)


def _check_part(path: str, part: ResponsePart) -> None:
    if part.type in _TEXTS:
        require(part.text, f"{path}.text", f"for a part of type {part.type}")
    elif part.type == "refusal":
        require(part.refusal, f"{path}.refusal", "for a part of type refusal")
    elif part.type == "input_image" and part.image_url is None and part.file_id is None:
        refuse(path, "needs image_url or file_id", "missing_required_parameter")
    elif part.type == "input_file" and part.file_data is None and part.file_url is None and part.file_id is None:
        refuse(path, "needs file_data, file_url or file_id", "missing_required_parameter")

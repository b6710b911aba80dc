"""What Anthropic's API asks of a conversation beyond the types of its fields.

Only blocks and tools that it has in common with others are looked into. That calls and results fit together is left to
the provider, and so is what differs between models.
"""

from __future__ import annotations

from .messages import ContentBlock, CountTokensRequest, MessageParam, Source, ToolParam
from .refusals import refuse, require

_REQUIRED = {
    "text": ("text",),
    "image": ("source",),
    "document": ("source",),
    "search_result": ("source", "title", "content"),
    "tool_use": ("id", "name", "input"),
    "tool_result": ("tool_use_id",),
    "thinking": ("thinking",),
    "redacted_thinking": ("data",),
}
_SOURCES = {
    "base64": ("media_type", "data"),
    "text": ("data",),
    "url": ("url",),
    "file": ("file_id",),
    "content": ("content",),
}
_SIDES = {"tool_result": "user", "tool_use": "assistant", "thinking": "assistant", "redacted_thinking": "assistant"}
"""Who alone may say it."""

MAX_DEPTH = 3


def check_conversation(typed: CountTokensRequest) -> None:
    """Raise InvalidRequest where a typed conversation breaks a rule."""
    last = len(typed.messages) - 1
    for index, message in enumerate(typed.messages):
        _check_message(f"messages[{index}]", message, last=index == last)
    if typed.system is not None and not isinstance(typed.system, str):
        _check_texts("system", typed.system)
    for index, tool in enumerate(typed.tools or ()):
        _check_tool(f"tools[{index}]", tool)
    choice = typed.tool_choice
    if choice is not None and choice.type == "tool":
        require(choice.name, "tool_choice.name", "for a choice of type tool")
    thinking = typed.thinking
    if thinking is not None and thinking.type == "enabled":
        require(thinking.budget_tokens, "thinking.budget_tokens", "for thinking of type enabled")
    config = typed.output_config.format if typed.output_config is not None else None
    for path, form in (("output_config.format", config), ("output_format", typed.output_format)):
        if form is not None and form.type == "json_schema":
            require(form.schema, f"{path}.schema", "for a format of type json_schema")


def _check_message(path: str, message: MessageParam, *, last: bool) -> None:
    content = message.content
    if isinstance(content, str):
        return
    if not content and not (last and message.role == "assistant"):
        refuse(f"{path}.content", "must not be empty", "empty_array")
    if message.role == "system":
        _check_texts(f"{path}.content", content)
        return
    for index, block in enumerate(content):
        inside = f"{path}.content[{index}]"
        side = _SIDES.get(block.type)
        if side is not None and side != message.role:
            refuse(inside, f"a block of type {block.type} is not allowed for role {message.role}")
        _check_block(inside, block)


def _check_block(path: str, block: ContentBlock, depth: int = 0) -> None:
    """Check a block and what is in it. Nothing that the API knows has more than `MAX_DEPTH` others around it."""
    kind = block.type
    if depth > MAX_DEPTH:
        refuse(path, "blocks are nested too deeply")
    for name in _REQUIRED.get(kind, ()):
        require(getattr(block, name), f"{path}.{name}", f"for a block of type {kind}")
    source = block.source
    if isinstance(source, Source):
        if kind == "search_result":
            refuse(f"{path}.source", "expected a string, got an object", "invalid_type")
        for name in _SOURCES.get(source.type, ()):
            require(getattr(source, name), f"{path}.source.{name}", f"for a source of type {source.type}")
        _check_inner(f"{path}.source.content", source.content, depth)
    elif source is not None and kind in ("image", "document"):
        refuse(f"{path}.source", "expected an object, got a string", "invalid_type")
    if kind == "search_result":
        if isinstance(block.content, str):
            refuse(f"{path}.content", "expected a list of parts, got a string", "invalid_type")
        _check_texts(f"{path}.content", block.content or [])
    _check_inner(f"{path}.content", block.content, depth)


def _check_inner(path: str, content: str | list[ContentBlock] | None, depth: int) -> None:
    if isinstance(content, list):
        for index, block in enumerate(content):
            if block.type in _SIDES:
                refuse(f"{path}[{index}]", f"a block of type {block.type} is not allowed inside another")
            _check_block(f"{path}[{index}]", block, depth + 1)


def _check_texts(path: str, blocks: list[ContentBlock]) -> None:
    for index, block in enumerate(blocks):
        if block.type != "text":
            refuse(f"{path}[{index}].type", f"must be text, not {block.type[:64]!r}")
        require(block.text, f"{path}[{index}].text", "for a block of type text")


def _check_tool(path: str, tool: ToolParam) -> None:
    if tool.type is None or tool.type == "custom":
        require(tool.name, f"{path}.name", "for a tool of the caller's own")
        require(tool.input_schema, f"{path}.input_schema", "for a tool of the caller's own")

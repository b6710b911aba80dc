"""The texts of a conversation in Anthropic's dialect that reach a model, with the paths to them."""

from __future__ import annotations

from collections.abc import Iterator

from .json_texts import Text, strings_in
from .messages import ContentBlock, CountTokensRequest, Source, ToolParam


def texts_of_conversation(typed: CountTokensRequest) -> Iterator[Text]:
    """Yield (path, text): instructions, messages with calls and results, tools and the form of the answer, in order."""
    if typed.system is not None:
        yield from _of_content("system", typed.system)
    for index, message in enumerate(typed.messages):
        yield from _of_content(f"messages[{index}].content", message.content)
    for index, tool in enumerate(typed.tools or ()):
        yield from _of_tool(f"tools[{index}]", tool)
    if typed.tool_choice is not None and typed.tool_choice.name is not None:
        yield "tool_choice.name", typed.tool_choice.name
    if typed.output_config is not None and typed.output_config.format is not None:
        yield from strings_in("output_config.format.schema", typed.output_config.format.schema)
    if typed.output_format is not None:
        yield from strings_in("output_format.schema", typed.output_format.schema)


def _of_content(path: str, content: str | list[ContentBlock]) -> Iterator[Text]:
    if isinstance(content, str):
        yield path, content
        return
    for index, block in enumerate(content):
        yield from _of_block(f"{path}[{index}]", block)


def _of_block(path: str, block: ContentBlock) -> Iterator[Text]:
    if block.text is not None:
        yield f"{path}.text", block.text
    if block.type == "text" and block.citations is None:
        return
    for name in ("thinking", "title", "context", "name"):
        if (text := getattr(block, name)) is not None:
            yield f"{path}.{name}", text
    if isinstance(block.source, Source):
        yield from _of_source(f"{path}.source", block.source)
    elif block.source is not None:
        yield f"{path}.source", block.source
    if block.input is not None:
        yield from strings_in(f"{path}.input", block.input)
    if block.content is not None:
        yield from _of_content(f"{path}.content", block.content)
    if block.citations is not None:
        yield from strings_in(f"{path}.citations", block.citations, names=False)


def _of_source(path: str, source: Source) -> Iterator[Text]:
    """Yield what a source holds as text: neither data in base64, nor URLs and ids."""
    if source.type == "text" and source.data is not None:
        yield f"{path}.data", source.data
    if source.content is not None:
        yield from _of_content(f"{path}.content", source.content)


def _of_tool(path: str, tool: ToolParam) -> Iterator[Text]:
    if tool.name is not None:
        yield f"{path}.name", tool.name
    if tool.description is not None:
        yield f"{path}.description", tool.description
    yield from strings_in(f"{path}.input_schema", tool.input_schema)
    yield from strings_in(f"{path}.input_examples", tool.input_examples)

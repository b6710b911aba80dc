"""The texts of a request for a response that reach a model, with the paths to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .json_texts import Text, strings_in
from .responses import ResponseItem, ResponsePart, ResponsesRequest, ResponseTool


def texts_of_response(typed: ResponsesRequest) -> Iterator[Text]:
    """Yield (path, text): instructions, items with calls and results, tools and the form of the answer, in order."""
    if typed.instructions is not None:
        yield "instructions", typed.instructions
    if isinstance(typed.input, str):
        yield "input", typed.input
    else:
        for index, item in enumerate(typed.input or ()):
            yield from _of_item(f"input[{index}]", item)
    for index, tool in enumerate(typed.tools or ()):
        yield from _of_tool(f"tools[{index}]", tool)
    if isinstance(typed.tool_choice, dict):
        yield from strings_in("tool_choice", typed.tool_choice, names=False)
    if typed.text is not None and (form := typed.text.format) is not None:
        for name in ("name", "description"):
            if (text := getattr(form, name)) is not None:
                yield f"text.format.{name}", text
        yield from strings_in("text.format.schema", form.schema)
    if typed.prompt is not None:
        yield from strings_in("prompt.variables", typed.prompt.get("variables"))


def _of_item(path: str, item: ResponseItem) -> Iterator[Text]:
    if isinstance(item.content, str):
        yield f"{path}.content", item.content
    else:
        yield from _of_parts(f"{path}.content", item.content)
    if item.name is not None:
        yield f"{path}.name", item.name
    if item.namespace is not None:
        yield f"{path}.namespace", item.namespace
    yield from strings_in(f"{path}.arguments", item.arguments)
    yield from _of_output(f"{path}.output", item.output)
    yield from _of_parts(f"{path}.summary", item.summary)


def _of_output(path: str, output: Any) -> Iterator[Text]:
    """Yield what a tool gave. Of parts that are data or places of data there is no text to read."""
    if not isinstance(output, list):
        yield from strings_in(path, output)
        return
    for index, part in enumerate(output):
        if isinstance(part, dict) and part.get("type") in ("input_image", "input_file"):
            yield from strings_in(f"{path}[{index}].filename", part.get("filename"))
        else:
            yield from strings_in(f"{path}[{index}]", part, names=False)


def _of_parts(path: str, parts: list[ResponsePart] | None) -> Iterator[Text]:
    for index, part in enumerate(parts or ()):
        for name in ("text", "refusal", "filename"):
            if (text := getattr(part, name)) is not None:
                yield f"{path}[{index}].{name}", text


def _of_tool(path: str, tool: ResponseTool) -> Iterator[Text]:
    if tool.name is not None:
        yield f"{path}.name", tool.name
    if tool.description is not None:
        yield f"{path}.description", tool.description
    yield from strings_in(f"{path}.parameters", tool.parameters)
    yield from strings_in(f"{path}.output_schema", tool.output_schema)

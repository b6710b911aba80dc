"""Every text of a request that reaches a model, with the path to it: what filters and counters read.

Here are those in places that the API knows; those in places that it does not know are in `foreign`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from .chat import ChatRequest, Message
from .completion import CompletionRequest
from .content import Content
from .embedding import EmbeddingRequest
from .forms import FormRequest, texts_of_form
from .generate import GenerateRequest
from .generate_texts import texts_of_contents
from .json_texts import Text, strings_in
from .media import MediaRequest
from .media_rules import texts_of_media
from .message_texts import texts_of_conversation
from .messages import CountTokensRequest
from .response_texts import texts_of_response
from .responses import ResponsesRequest
from .tools import CustomDefinition, FunctionCall, FunctionDefinition, NamedToolChoice, Tool, ToolCall, ToolName

TypedRequest: TypeAlias = (
    ChatRequest
    | CompletionRequest
    | EmbeddingRequest
    | CountTokensRequest
    | ResponsesRequest
    | GenerateRequest
    | MediaRequest
    | FormRequest
)
"""A request that passed `validate`."""


def texts_of(typed: TypedRequest) -> Iterator[Text]:
    """Yield (path, text) of every text that a person, a program or a model wrote into the request, in order.

    These are the contents of messages of every role, their names, refusals, tool calls, predicted output, what tools
    and forms of answers are called and described by, with all of their schemas, prompts and suffixes, the inputs of
    embeddings, and what is to be drawn, said, judged or ranked. Tokens are not text, and neither are ids, and the URLs
    and data of images, sounds and files.
    """
    if isinstance(typed, ChatRequest):
        for index, message in enumerate(typed.messages):
            yield from _of_message(f"messages[{index}]", message)
        if typed.prediction is not None:
            yield from _of_content("prediction.content", typed.prediction.content)
        if typed.tools or typed.functions or typed.response_format or typed.tool_choice or typed.function_call:
            yield from _of_offers(typed)
        if typed.web_search_options is not None:
            yield from strings_in("web_search_options", msgspec.to_builtins(typed.web_search_options), names=False)
    elif isinstance(typed, CompletionRequest):
        yield from _of_inputs("prompt", typed.prompt)
        if typed.suffix is not None:
            yield "suffix", typed.suffix
    elif isinstance(typed, CountTokensRequest):
        yield from texts_of_conversation(typed)
    elif isinstance(typed, MediaRequest):
        yield from texts_of_media(typed)
    elif isinstance(typed, FormRequest):
        yield from texts_of_form(typed)
    elif isinstance(typed, ResponsesRequest):
        yield from texts_of_response(typed)
    elif isinstance(typed, GenerateRequest):
        yield from texts_of_contents(typed)
    else:
        yield from _of_inputs("input", typed.input)


def _of_offers(typed: ChatRequest) -> Iterator[Text]:
    """Yield the texts of tools, of the choice among them, and of the form of the answer."""
    for index, tool in enumerate(typed.tools or ()):
        yield from _of_tool(f"tools[{index}]", tool)
    for index, function in enumerate(typed.functions or ()):
        yield from _of_definition(f"functions[{index}]", function)
    choice = typed.tool_choice
    if isinstance(choice, NamedToolChoice):
        yield from strings_in("tool_choice", msgspec.to_builtins(choice), names=False)
    if isinstance(typed.function_call, ToolName):
        yield "function_call.name", typed.function_call.name
    if typed.response_format is not None and (form := typed.response_format.json_schema) is not None:
        path = "response_format.json_schema"
        for name in ("name", "description"):
            if (text := getattr(form, name)) is not None:
                yield f"{path}.{name}", text
        yield from strings_in(f"{path}.schema", form.schema)


def _of_tool(path: str, tool: Tool) -> Iterator[Text]:
    if tool.function is not None:
        yield from _of_definition(f"{path}.function", tool.function)
    if tool.custom is not None:
        yield from _of_definition(f"{path}.custom", tool.custom)


def _of_definition(path: str, offered: FunctionDefinition | CustomDefinition) -> Iterator[Text]:
    yield f"{path}.name", offered.name
    if offered.description is not None:
        yield f"{path}.description", offered.description
    if isinstance(offered, FunctionDefinition):
        yield from strings_in(f"{path}.parameters", offered.parameters)
    elif offered.format is not None and offered.format.grammar is not None:
        yield f"{path}.format.grammar.definition", offered.format.grammar.definition


def _of_message(path: str, message: Message) -> Iterator[Text]:
    content = message.content
    if isinstance(content, str):
        yield f"{path}.content", content
    elif content is not None:
        yield from _of_content(f"{path}.content", content)
    if message.name is not None:
        yield f"{path}.name", message.name
    if message.refusal is not None:
        yield f"{path}.refusal", message.refusal
    if message.tool_calls is not None:
        for index, call in enumerate(message.tool_calls):
            yield from _of_call(f"{path}.tool_calls[{index}]", call)
    if message.function_call is not None:
        yield from _of_function(f"{path}.function_call", message.function_call)


def _of_content(path: str, content: Content) -> Iterator[Text]:
    if isinstance(content, str):
        yield path, content
        return
    for index, part in enumerate(content):
        if part.text is not None:
            yield f"{path}[{index}].text", part.text
        if part.refusal is not None:
            yield f"{path}[{index}].refusal", part.refusal
        if part.file is not None and part.file.filename is not None:
            yield f"{path}[{index}].file.filename", part.file.filename


def _of_call(path: str, call: ToolCall) -> Iterator[Text]:
    if call.function is not None:
        yield from _of_function(f"{path}.function", call.function)
    if call.custom is not None:
        yield f"{path}.custom.name", call.custom.name
        yield f"{path}.custom.input", call.custom.input


def _of_function(path: str, call: FunctionCall) -> Iterator[Text]:
    yield f"{path}.name", call.name
    yield f"{path}.arguments", call.arguments


def _of_inputs(path: str, value: str | list[str | int | list[int]] | None) -> Iterator[Text]:
    if isinstance(value, str):
        yield path, value
    elif value is not None:
        for index, item in enumerate(value):
            if isinstance(item, str):
                yield f"{path}[{index}]", item

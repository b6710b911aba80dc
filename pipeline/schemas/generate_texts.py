"""The texts of a conversation in Gemini's dialect that reach a model, with the paths to them."""

from __future__ import annotations

from collections.abc import Iterator

from .generate import CallResponse, Declaration, GeminiContent, GeminiPart, GenerateRequest, many
from .json_texts import Text, strings_in


def texts_of_contents(typed: GenerateRequest) -> Iterator[Text]:
    """Yield (path, text): instructions, contents with calls and results, tools and the form of the answer, in order."""
    if typed.system_instruction is not None:
        yield from _of_content("systemInstruction", typed.system_instruction)
    for index, content in enumerate(many(typed.contents)):
        yield from _of_content(f"contents[{index}]", content)
    for index, tool in enumerate(many(typed.tools)):
        for place, declaration in enumerate(tool.function_declarations or ()):
            yield from _of_declaration(f"tools[{index}].functionDeclarations[{place}]", declaration)
    if typed.tool_config is not None and (calling := typed.tool_config.function_calling_config) is not None:
        path = "toolConfig.functionCallingConfig.allowedFunctionNames"
        yield from strings_in(path, calling.allowed_function_names)
    if (config := typed.generation_config) is not None:
        yield from strings_in("generationConfig.responseSchema", config.response_schema)
        yield from strings_in("generationConfig.responseJsonSchema", config.response_json_schema)


def _of_content(path: str, content: GeminiContent) -> Iterator[Text]:
    for index, part in enumerate(many(content.parts)):
        yield from _of_part(f"{path}.parts[{index}]", part)


def _of_part(path: str, part: GeminiPart) -> Iterator[Text]:
    if part.text is not None:
        yield f"{path}.text", part.text
    if part.function_call is not None:
        yield f"{path}.functionCall.name", part.function_call.name
        yield from strings_in(f"{path}.functionCall.args", part.function_call.args)
    if part.function_response is not None:
        yield from _of_response(f"{path}.functionResponse", part.function_response)
    for name, code in (("executableCode", part.executable_code), ("codeExecutionResult", part.code_execution_result)):
        if code is not None:
            yield from strings_in(f"{path}.{name}", [text for text in (code.code, code.output) if text])
    for name, data in (("inlineData", part.inline_data), ("fileData", part.file_data)):
        if data is not None and data.display_name is not None:
            yield f"{path}.{name}.displayName", data.display_name
    yield from strings_in(f"{path}.partMetadata", part.part_metadata)


def _of_response(path: str, response: CallResponse) -> Iterator[Text]:
    yield f"{path}.name", response.name
    yield from strings_in(f"{path}.response", response.response)


def _of_declaration(path: str, declaration: Declaration) -> Iterator[Text]:
    yield f"{path}.name", declaration.name
    if declaration.description is not None:
        yield f"{path}.description", declaration.description
    yield from strings_in(f"{path}.parameters", declaration.parameters)
    yield from strings_in(f"{path}.parametersJsonSchema", declaration.parameters_json_schema)
    yield from strings_in(f"{path}.response", declaration.response)
    yield from strings_in(f"{path}.responseJsonSchema", declaration.response_json_schema)

"""Calls of tools in OpenAI's messages as blocks, those of the older functions too."""

from __future__ import annotations

from typing import Any

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import Block, Foreign, ToolCall
from sluicegate.pipeline.schemas import FunctionCall, Message

from .parts import NAME, read_mark

_arguments = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Calls:
    """The calls of a conversation so far: results name the tool by them."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._functions: dict[str, str] = {}

    def read(self, path: str, message: Message, raw: dict[str, Any]) -> list[Block]:
        """Return the calls that an assistant's message makes, and remember them.

        Raises:
            InvalidRequest: Arguments are no JSON object.
        """
        blocks: list[Block] = []
        for index, call in enumerate(message.tool_calls or ()):
            entry = raw["tool_calls"][index]
            if call.function is None:
                blocks.append(Foreign(NAME, entry))
                if call.custom is not None:
                    self._names[call.id] = call.custom.name
                continue
            arguments = _checked(f"{path}.tool_calls[{index}].function.arguments", call.function)
            made = ToolCall(call.id, call.function.name, arguments, read_signature(entry), read_mark(entry))
            self._names[made.id] = made.name
            blocks.append(made)
        if message.function_call is not None:
            blocks.append(self._function(path, message.function_call))
        return blocks

    def _function(self, path: str, call: FunctionCall) -> ToolCall:
        """Return the call of a function, which has no id, with one that is the same each time it is sent."""
        arguments = _checked(f"{path}.function_call.arguments", call)
        made = ToolCall(f"call_{path.removeprefix('messages[').removesuffix(']')}", call.name, arguments)
        self._functions[made.name] = made.id
        return made

    def name_of(self, call_id: str) -> str | None:
        """Return the name of the tool that was called by an id, if any was."""
        return self._names.get(call_id)

    def id_of(self, path: str, function: str) -> str:
        """Return the id of the last call of a function. Raises InvalidRequest where it was not called."""
        if function not in self._functions:
            raise InvalidRequest(f"{path}: the function was not called before this", param=path)
        return self._functions[function]


def read_signature(call: dict[str, Any]) -> str | None:
    """Return the signature of a call, where Google's API for OpenAI's clients has it.

    Source: https://ai.google.dev/gemini-api/docs/thought-signatures
    """
    extra = call.get("extra_content")
    google = extra.get("google") if isinstance(extra, dict) else None
    signature = google.get("thought_signature") if isinstance(google, dict) else None
    return signature if isinstance(signature, str) else None


def _checked(path: str, call: FunctionCall) -> str:
    """Return the arguments of a call, which some models leave empty. Raises InvalidRequest unless they are JSON."""
    if not call.arguments.strip():
        return "{}"
    try:
        _arguments(call.arguments)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequest(f"{path}: must be a JSON object as text", param=path) from error
    return call.arguments

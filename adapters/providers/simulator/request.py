"""What the simulator reads of a request. It takes any shape: to check is not its business."""

from __future__ import annotations

from typing import Any

import msgspec


class Function(msgspec.Struct):
    """A function that a model may call."""

    name: str = ""
    parameters: dict[str, Any] = {}


class Tool(msgspec.Struct):
    """A tool; only functions are called."""

    function: Function | None = None


class Message(msgspec.Struct):
    """One message of a chat."""

    role: str = ""
    content: Any = None

    @property
    def text(self) -> str:
        """All of its text, parts joined by spaces."""
        if isinstance(self.content, list):
            parts = [part.get("text") for part in self.content if isinstance(part, dict)]
            return " ".join(part for part in parts if isinstance(part, str))
        return self.content if isinstance(self.content, str) else ""


class StreamOptions(msgspec.Struct):
    """What a stream is to hold."""

    include_usage: bool | None = None


_ANY_OBJECT = {"type": "object", "properties": {"answer": {"type": "string"}}}


class Asked(msgspec.Struct):
    """The fields of all operations that make a difference to the answer."""

    model: str = ""
    messages: list[Message] = []
    prompt: Any = None
    input: Any = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = None
    logprobs: Any = None
    top_logprobs: int | None = None
    tools: list[Tool] | None = None
    tool_choice: Any = None
    dimensions: int | None = None
    encoding_format: str | None = None
    response_format: Any = None
    stream_format: str | None = None
    partial_images: int | None = None
    query: str = ""
    documents: list[Any] = []
    top_n: int | None = None

    @property
    def last(self) -> Message:
        """The last message of a chat."""
        return self.messages[-1] if self.messages else Message()

    @property
    def texts(self) -> list[str]:
        """All text that was sent; tokens that came as numbers are told as such."""
        if self.messages:
            return [message.text for message in self.messages]
        given = self.prompt if self.input is None else self.input
        if isinstance(given, list) and given and not isinstance(given[0], int):
            return [_as_text(entry) for entry in given]
        return [_as_text(given)]

    @property
    def schema(self) -> Any:
        """The JSON schema that the answer has to fit; one of any object for who wants just JSON, None for a text."""
        form = self.response_format
        if not self.messages or not isinstance(form, dict):
            return None
        if form.get("type") == "json_object":
            return _ANY_OBJECT
        told = form.get("json_schema") if form.get("type") == "json_schema" else None
        return told.get("schema", _ANY_OBJECT) if isinstance(told, dict) else None

    @property
    def limit(self) -> int | None:
        """How many tokens the caller wants at most."""
        return self.max_completion_tokens or self.max_tokens


def _as_text(value: object) -> str:
    if isinstance(value, dict):
        return _as_text(value.get("text"))
    if isinstance(value, list):
        return " ".join(str(entry) for entry in value)
    return value if isinstance(value, str) else ""

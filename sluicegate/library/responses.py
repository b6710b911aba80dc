"""What a caller gets back who asks in the words of the Responses API. See `answers` for what is not there."""

from __future__ import annotations

from .answers import ChunkStream, Json, Whole, field_of


class Response(Whole):
    """A whole response, in OpenAI's shape."""

    @property
    def id(self) -> str:
        """What a later request goes on from, as its ``previous_response_id``."""
        return field_of(self.data, "id", str)

    @property
    def output(self) -> list[Json]:
        """The items of the answer, in order."""
        return self._rows("output")

    @property
    def text(self) -> str:
        """All of its text; empty where it only calls functions."""
        parts = [part for item in self.output for part in field_of(item, "content", list) if isinstance(part, dict)]
        return "".join(field_of(part, "text", str) for part in parts if part.get("type") == "output_text")

    @property
    def function_calls(self) -> list[Json]:
        """The functions that are to be called."""
        return [item for item in self.output if item.get("type") == "function_call"]

    @property
    def status(self) -> str:
        """``completed``, or ``incomplete`` where it was cut short."""
        return field_of(self.data, "status", str)


class ResponseEvent:
    """One event of a stream.

    Attributes:
        data: The event in OpenAI's shape.
    """

    __slots__ = ("data",)

    def __init__(self, data: Json) -> None:
        self.data = data

    @property
    def type(self) -> str:
        """What it is, such as ``response.output_text.delta``."""
        return field_of(self.data, "type", str)

    @property
    def text(self) -> str:
        """The text that this event adds; empty where it adds none."""
        return field_of(self.data, "delta", str) if self.type == "response.output_text.delta" else ""

    @property
    def response(self) -> Json:
        """The response so far; empty in events that do not have it. The last event has all of it."""
        return field_of(self.data, "response", dict)


class ResponseStream(ChunkStream[ResponseEvent]):
    """The events of a response as they come: an async iterator of `ResponseEvent`."""

    chunk = ResponseEvent

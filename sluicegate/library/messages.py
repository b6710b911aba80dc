"""What a caller gets back who asks in Anthropic's words. See `answers` for what is not there, or makes no sense."""

from __future__ import annotations

from .answers import ChunkStream, Json, Whole, field_of


class Message(Whole):
    """A whole answer, in Anthropic's shape."""

    @property
    def content(self) -> list[Json]:
        """The blocks of the answer, in order."""
        return [block for block in field_of(self.data, "content", list) if isinstance(block, dict)]

    @property
    def text(self) -> str:
        """All of its text; empty where it only uses tools."""
        return "".join(field_of(block, "text", str) for block in self.content if block.get("type") == "text")

    @property
    def tool_uses(self) -> list[Json]:
        """The tools that are to be used."""
        return [block for block in self.content if block.get("type") == "tool_use"]

    @property
    def stop_reason(self) -> str:
        """Why the answer ended."""
        return field_of(self.data, "stop_reason", str)


class MessageEvent:
    """One event of a stream.

    Attributes:
        data: The event in Anthropic's shape.
    """

    __slots__ = ("data",)

    def __init__(self, data: Json) -> None:
        self.data = data

    @property
    def type(self) -> str:
        """What it is, such as ``content_block_delta``."""
        return field_of(self.data, "type", str)

    @property
    def text(self) -> str:
        """The text that this event adds; empty where it adds none."""
        return field_of(field_of(self.data, "delta", dict), "text", str)

    @property
    def stop_reason(self) -> str:
        """Why the answer ended; empty in events before its end."""
        return field_of(field_of(self.data, "delta", dict), "stop_reason", str)


class MessageStream(ChunkStream[MessageEvent]):
    """The events of an answer as they come: an async iterator of `MessageEvent`."""

    chunk = MessageEvent

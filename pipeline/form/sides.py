"""The contracts of the two sides that meet in the form: dialects of callers, and APIs of providers. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from ..errors import InvalidRequest
from ..provider import UpstreamHead, UpstreamRequest
from ..reply import Batch
from ..request import Request
from .answer import Answer
from .blocks import Audio, Block, File, Foreign, Image, ToolCall, ToolResult
from .chat import Chat
from .events import Event

if TYPE_CHECKING:
    from ..exchange import Target


_BLOCKS: dict[type, str] = {
    Audio: "input_audio",
    File: "file",
    Image: "image_url",
    ToolCall: "tool_calls",
    ToolResult: "results of tools",
}


class StreamWriter(Protocol):
    """Writes one stream for a caller."""

    def write(self, events: Sequence[Event]) -> Batch:
        """Return the chunks of events that came together; there may be none."""
        ...

    def end(self) -> Batch:
        """Return the chunks that stand between the last event and the dialect's terminator."""
        ...


class ChatDialect(Protocol):
    """A caller's API, as far as chats go.

    Attributes:
        name: As `Request.dialect`.
    """

    name: str

    def read(self, request: Request) -> Chat:
        """Return what a request that `validate` has let through asks.

        Raises:
            InvalidRequest: It means nothing, such as arguments of a tool call that are no JSON.
        """
        ...

    def whole(self, chat: Chat, answer: Answer) -> bytes:
        """Return the body of a whole answer."""
        ...

    def writer(self, chat: Chat) -> StreamWriter:
        """Return a writer for one stream."""
        ...


class EventDecoder(Protocol):
    """Reads one streamed answer of a provider, at whatever boundaries its bytes come."""

    @property
    def done(self) -> bool:
        """Whether the provider has said that its answer is complete; what follows is ignored."""
        ...

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that these bytes complete.

        An error that comes behind events in the same bytes is raised by the next call; no bytes are enough for that.

        Raises:
            GatewayError: The provider reported an error in-band, or sent what is not of its own API.
        """
        ...

    def finish(self) -> list[Event]:
        """Say that no more bytes come; return what was still held back.

        Raises:
            StreamInterrupted: The answer was not complete.
        """
        ...


class Dropped:
    """What of a chat a provider cannot be told, by the fields' names in the caller's words.

    Args:
        provider: Its name in the configuration.
        strict: Whether to refuse instead.
    """

    def __init__(self, provider: str, *, strict: bool) -> None:
        self._provider = provider
        self._strict = strict
        self.names: list[str] = []

    def drop(self, name: str) -> None:
        """Leave a hint out: the answer is not worth less without it. Raises InvalidRequest where that is forbidden."""
        if self._strict:
            raise self.unsupported(name)
        if name not in self.names:
            self.names.append(name)

    def unsupported(self, name: str, what: str = "") -> InvalidRequest:
        """Return the error for what changes the meaning of the answer, and so is never left out in silence.

        Args:
            name: The field's.
            what: What is not there, where it is not all of the field.
        """
        told = f"provider {self._provider!r} has no {what or name}"
        return InvalidRequest(told, code="unsupported_parameter", param=name)

    def block(self, block: Block, where: str = "") -> InvalidRequest:
        """Return the same for a block, by what its caller calls it.

        Args:
            block: What the provider cannot be given.
            where: Tells in words where it cannot, if it can elsewhere.
        """
        name = _BLOCKS.get(type(block), "such a block")
        if isinstance(block, Foreign) and isinstance(kind := block.value.get("type"), str):
            name = kind
        return self.unsupported(name, f"{name} {where}".rstrip())


class ChatApi(Protocol):
    """A provider's API, as far as chats go.

    Attributes:
        dialect: The dialect that is its own, whose requests pass through; empty where no caller speaks it.
    """

    dialect: str

    def ask(self, chat: Chat, target: Target, dropped: Dropped) -> UpstreamRequest:
        """Return the request that asks a target.

        Raises:
            InvalidRequest: This provider cannot be asked for it; the message names provider and field.
        """
        ...

    def answer(self, chat: Chat, head: UpstreamHead, body: bytes) -> Answer:
        """Return what a complete, successful answer says.

        Raises:
            GatewayError: It is none of this API's, or an error that came with a successful status.
        """
        ...

    def events(self, chat: Chat, head: UpstreamHead) -> EventDecoder:
        """Return a decoder for a streamed, successful answer."""
        ...

"""What a caller in this program gets back: views of an exchange and of the chunks of its stream.

Providers leave out what they please, so every property has an empty value for what is not there. What is not even an
object is the provider's fault, and raises UpstreamError.
"""

from __future__ import annotations

import struct
from base64 import b64decode
from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, Self, TypeVar

import msgspec

from sluicegate.pipeline.carrier import Flow
from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.reply import Usage

T = TypeVar("T")
Json = dict[str, Any]


class Served:
    """What is known of how an exchange was served.

    Attributes:
        exchange: All of it, for what has no property here.
    """

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    @property
    def provider(self) -> str:
        """The provider whose answer it is, by its name in the configuration."""
        return self.exchange.notes.get("provider", "")

    @property
    def model(self) -> str:
        """The model whose answer it is, by the provider's name for it."""
        return self.exchange.notes.get("model", "")

    @property
    def attempts(self) -> int:
        """How many calls it took; 0 if the answer came from the cache."""
        return len(self.exchange.attempts)

    @property
    def cached(self) -> bool:
        """Whether the answer came from the cache."""
        return self.exchange.notes.get("cache") == "hit"

    @property
    def usage(self) -> Usage | None:
        """Tokens, or None if nobody counted them; of a stream only after its end."""
        return self.exchange.usage

    @property
    def cost(self) -> int | None:
        """Nano-dollars of all calls together; of a stream so far. 0 from the cache, None if a price is not known."""
        return self.exchange.cost


class Whole(Served):
    """An answer that is there as a whole.

    Attributes:
        data: The answer in the shape of the API that was asked.
    """

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self.data: Json = _decode(exchange.reply.body if exchange.reply is not None else b"", self.provider)

    def _rows(self, name: str) -> list[Json]:
        """Return the objects of a list at the top level."""
        return [row for row in field_of(self.data, name, list) if isinstance(row, dict)]


class Answer(Whole):
    """A whole chat answer."""

    @property
    def message(self) -> Json:
        """The message of the first choice."""
        return field_of(_first_choice(self.data), "message", dict)

    @property
    def text(self) -> str:
        """The text of the first choice; empty where it only calls tools."""
        return _text(self.message)

    @property
    def tool_calls(self) -> list[Json]:
        """The tools that the first choice calls."""
        return field_of(self.message, "tool_calls", list)

    @property
    def finish_reason(self) -> str:
        """Why the first choice ended."""
        return field_of(_first_choice(self.data), "finish_reason", str)


class Embeddings(Whole):
    """Vectors, in the order of the inputs."""

    @cached_property
    def vectors(self) -> list[list[float]]:
        """One vector an input.

        Raises:
            UpstreamError: The provider sent something else.
        """
        try:
            entries = sorted(self.data["data"], key=lambda entry: int(entry.get("index", 0)))
            return [_vector(entry["embedding"]) for entry in entries]
        except (KeyError, TypeError, AttributeError, ValueError, struct.error) as error:
            raise UpstreamError(f"provider {self.provider!r} sent embeddings without vectors") from error


class Transcript(Served):
    """What is said in a recording.

    Attributes:
        data: The answer in OpenAI's shape; of one that was asked for as text, only ``text``.
    """

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        reply = exchange.reply
        body = reply.body if reply is not None else b""
        plain = reply is not None and reply.media_type.startswith("text/")
        self.data: Json = {"text": body.decode(errors="replace")} if plain else _decode(body, self.provider)

    @property
    def text(self) -> str:
        """The text: with its times where it was asked for as subtitles."""
        return field_of(self.data, "text", str)

    @property
    def segments(self) -> list[Json]:
        """Its segments, where ``response_format`` was ``verbose_json``."""
        return field_of(self.data, "segments", list)


class Delta:
    """One chunk of a chat stream.

    Attributes:
        data: The chunk in OpenAI's shape.
    """

    __slots__ = ("data",)

    def __init__(self, data: Json) -> None:
        self.data = data

    @property
    def text(self) -> str:
        """The text that this chunk adds to the first choice; empty where it adds none."""
        return _text(field_of(_first_choice(self.data), "delta", dict))

    @property
    def tool_calls(self) -> list[Json]:
        """The parts of tool calls that this chunk adds to the first choice."""
        return field_of(field_of(_first_choice(self.data), "delta", dict), "tool_calls", list)

    @property
    def finish_reason(self) -> str:
        """Why the first choice ended; empty in chunks before its end."""
        return field_of(_first_choice(self.data), "finish_reason", str)


class ChunkStream(Served, Generic[T]):
    """The chunks of an answer as they come: an async iterator.

    Its end is a clean end; a stream that was cut raises a GatewayError instead.
    """

    chunk: Callable[[Json], T]
    """Makes a chunk of what is sent."""

    def __init__(self, flow: Flow) -> None:
        super().__init__(flow.exchange)
        self._flow = flow
        self._ready: list[bytes] = []

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        """Return the next chunk. A checkpoint, unless it came together with the one before.

        Raises:
            GatewayError: The stream was cut, fell silent, or reported an error.
        """
        if self.exchange.outcome is not None:
            raise RuntimeError("this stream has ended with its block; read it inside `async with`")
        if not self._ready:
            self._ready = [chunk.data for chunk in reversed(await self._flow.__anext__())]
        return self.chunk(_decode(self._ready.pop(), self.provider))


class ChatStream(ChunkStream[Delta]):
    """The chunks of a chat answer as they come: an async iterator of `Delta`."""

    chunk = Delta


def _decode(data: bytes, provider: str) -> Json:
    try:
        decoded = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UpstreamError(f"provider {provider!r} sent what is not JSON") from error
    if not isinstance(decoded, dict):
        raise UpstreamError(f"provider {provider!r} sent what is not an object")
    return decoded


def field_of(of: Json, name: str, kind: type[T]) -> T:
    """Return a field if it is of its kind, else an empty one of that kind."""
    value = of.get(name)
    return value if isinstance(value, kind) else kind()


def _first_choice(data: Json) -> Json:
    """Return the choice with index 0; a chunk may hold parts of others only."""
    for choice in field_of(data, "choices", list):
        if isinstance(choice, dict) and not choice.get("index"):
            return choice
    return {}


def _text(message: Json) -> str:
    """Return the text of a message or delta, whose content some providers send in parts."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(field_of(part, "text", str) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _vector(embedding: list[float] | str) -> list[float]:
    """Return a vector, also where a provider insists on base64: little-endian float32."""
    if isinstance(embedding, str):
        packed = b64decode(embedding, validate=True)
        return list(struct.unpack(f"<{len(packed) // 4}f", packed))
    return [float(number) for number in embedding]

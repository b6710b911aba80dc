"""The events of a streamed message: what each says, and what all decoders of such streams have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

import msgspec

from sluicegate.pipeline.errors import GatewayError, StreamInterrupted

from ...upstream.sse import SseDecoder
from ..problem import read_problem
from .errors import AnthropicErrors
from .usage import UsageReader

MAX_EVENT = 4 * 1024 * 1024
"""Bytes of one event, which are held, and also of one line."""
Item = TypeVar("Item")


class Block(msgspec.Struct):
    """What a content block begins with, whatever its type."""

    type: str
    text: str = ""
    thinking: str = ""
    data: str = ""
    id: str = ""
    name: str = ""
    input: msgspec.Raw = msgspec.Raw(b"{}")


class Delta(msgspec.Struct):
    """More of a content block, or of the message itself: then only its ends are told."""

    type: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    partial_json: str = ""
    citation: dict[str, Any] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None


class Begun(msgspec.Struct):
    """The message of ``message_start``."""

    id: str = ""
    model: str = ""
    usage: object = None


class Frame(msgspec.Struct):
    """One event of any type."""

    type: str
    index: int = 0
    message: Begun | None = None
    content_block: Block | None = None
    delta: Delta | None = None
    usage: object = None


_decode = msgspec.json.Decoder(Frame).decode


class MessageStream(ABC, Generic[Item]):
    """Decodes one streamed message, at whatever boundaries its bytes come.

    It is complete with its ``message_stop`` and not before. An error never costs the items that came before it.

    Args:
        provider: Its name, for messages.
        errors: Maps errors that come in the stream.
    """

    def __init__(self, provider: str, errors: AnthropicErrors) -> None:
        self._provider = provider
        self._errors = errors
        self._sse = SseDecoder(f"provider {provider!r}", max_line=MAX_EVENT, max_event=MAX_EVENT)
        self._counts = UsageReader()
        self._done = False
        self._failure: GatewayError | None = None

    @property
    def done(self) -> bool:
        """Whether the provider has said that its answer is complete; what follows is ignored."""
        return self._done

    def feed(self, data: bytes) -> list[Item]:
        """Return the items that these bytes complete.

        An error behind items in the same bytes is raised by the next call; no bytes are enough for that.

        Raises:
            GatewayError: The provider reported an error in-band, or sent what is not of its own API.
        """
        if self._failure is not None:
            raise self._failure
        items: list[Item] = []
        if self._done:
            return items
        try:
            for name, payload in self._sse.feed(data):
                self._read(name, payload, items)
                if self._done:
                    break
        except GatewayError as error:
            self._fail(error, items)
        return items

    def finish(self) -> list[Item]:
        """Say that no more bytes come; return what was still held back.

        Raises:
            StreamInterrupted: The answer was not complete.
        """
        if self._failure is not None:
            raise self._failure
        items: list[Item] = []
        if self._done:
            return items
        told = f"the stream of provider {self._provider!r} ended before its answer was complete"
        try:
            for name, payload in self._sse.finish():
                # What lacks its blank line may lack more: only a whole end, or a whole error, counts.
                if _is_whole(payload):
                    self._read(name, payload, items)
            if not self._done:
                raise StreamInterrupted(told)
        except GatewayError as error:
            self._fail(error, items)
        return items

    @abstractmethod
    def _take(self, frame: Frame, payload: bytes, items: list[Item]) -> None:
        """Append what one event means. Raises GatewayError where it means nothing."""

    def _fail(self, error: GatewayError, items: list[Item]) -> None:
        """Keep an error for the next call; raise it now if nothing stands before it."""
        self._failure = error
        if not items:
            raise error

    def _read(self, name: str, payload: bytes, items: list[Item]) -> None:
        if not payload.strip():
            return
        try:
            payload.decode()  # what is not read is not checked, and would break the client
            frame = _decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if name == "error":
                raise self._errors.in_band(read_problem(payload)) from error
            raise self._errors.nonsense(f"has an event that is not of its API ({error})") from error
        if frame.type == "error" or name == "error":
            raise self._errors.in_band(read_problem(payload))
        if frame.type == "ping":
            return
        self._take(frame, payload, items)
        self._done = frame.type == "message_stop"


def _is_whole(payload: bytes) -> bool:
    try:
        _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True

"""A provider in the process that says what a test wants it to, in the form between dialects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from sluicegate.adapters.providers.translation import ChatStream, chat_stream, decode_chat, encode_chat
from sluicegate.pipeline.config.sections import ProviderSettings
from sluicegate.pipeline.errors import GatewayError, StreamInterrupted, UpstreamError
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.events import End, Event
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import UpstreamHead, UpstreamRequest
from sluicegate.pipeline.registry import provider
from sluicegate.pipeline.reply import Reply, Usage

Told = Answer | Sequence[Event | GatewayError | float] | GatewayError
"""A whole answer; the events of a stream, or seconds to wait before the next one; or an error in place of both.

A stream is cut where no `End` is among its events.
"""


class _Response:
    """Gives the places of the events, one at a time."""

    def __init__(self, events: Sequence[object]) -> None:
        self.head = UpstreamHead(200, {"content-type": "text/event-stream"})
        self._events = iter(enumerate(events))

    async def receive(self) -> bytes:
        await trio.lowlevel.checkpoint()
        for place, event in self._events:
            if not isinstance(event, float):
                return b"%d " % place
            await trio.sleep(event)
        return b""

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


class _Decoder:
    """Turns places into events."""

    def __init__(self, events: Sequence[Event | GatewayError | float]) -> None:
        self._events = events
        self.done = False

    def feed(self, data: bytes) -> list[Event]:
        found = [self._events[int(place)] for place in data.split()]
        for event in found:
            if isinstance(event, GatewayError):
                raise event
        return found  # type: ignore[return-value]  # errors are out, and times are no places

    def finish(self) -> list[Event]:
        if not any(isinstance(event, End) for event in self._events):
            raise StreamInterrupted("the parrot fell off its perch")
        self.done = True
        return []


class Parrot:
    """A translator and its transport. Made by `parrot`.

    Attributes:
        heard: The chats that it was asked, in order, of all of its kind.
        told: What it says to each of them.
    """

    dialect = ""
    heard: list[Chat]
    told: list[Told]

    def __init__(self, name: str, settings: ProviderSettings) -> None:
        self._name = name
        self._settings = settings
        self._next: Told | None = None

    def operations(self) -> frozenset[str]:
        return frozenset({"chat"})

    def encode(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        return encode_chat(self, exchange, target, name=self._name, settings=self._settings)

    def decode(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        return decode_chat(self, exchange, head, body)

    def decoder(self, exchange: Exchange, head: UpstreamHead) -> ChatStream:
        return chat_stream(self, exchange, head)

    def error(self, head: UpstreamHead, body: bytes) -> GatewayError:
        return UpstreamError("the parrot is silent")

    def models(self) -> tuple[str, ...]:
        return ("grey",)

    def transport(self) -> Parrot:
        return self

    async def send(self, request: UpstreamRequest, *, connect: float) -> _Response:
        await trio.lowlevel.checkpoint()
        self._next = self.told.pop(0)
        if isinstance(self._next, GatewayError):
            raise self._next
        return _Response([None] if isinstance(self._next, Answer) else self._next)

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()

    def ask(self, chat: Chat, target: Target, dropped: Dropped) -> UpstreamRequest:
        self.heard.append(chat)
        return UpstreamRequest("POST", "parrot:")

    def answer(self, chat: Chat, head: UpstreamHead, body: bytes) -> Answer:
        assert isinstance(self._next, Answer)
        return self._next

    def events(self, chat: Chat, head: UpstreamHead) -> Any:
        assert isinstance(self._next, Sequence)
        return _Decoder(self._next)


def parrot(*told: Told, name: str = "parrot") -> type[Parrot]:
    """Return a provider type that says these things, one a request, in order."""
    kind = type("OneParrot", (Parrot,), {"heard": [], "told": list(told)})
    return provider(name, summary="Says what it is told to.")(kind)

"""Streams of ``ConverseStream``: binary messages, each of which is an event or an error.

``messageStop`` says why the answer ended, and ``metadata`` behind it tells of tokens and is the last. A stream that
ends between the two has brought its answer whole. Blocks of text have no beginning of their own, and blocks are
numbered whatever their kind.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sluicegate.pipeline.form.events import Begin, CallBegin, CallPart, Cited, Count, End, Event, TextPart, ThinkingPart

from ...upstream.event_stream import EventMessage, EventStreamDecoder
from ..event_reader import EventReader
from ..reading import Malformed, read_json
from .answer import citation_of, finish_of, usage_of
from .errors import BedrockErrors


class _Use(msgspec.Struct, rename="camel"):
    tool_use_id: str = ""
    name: str = ""
    input: str = ""


class _Thought(msgspec.Struct, rename="camel"):
    text: str | None = None
    signature: str | None = None
    redacted_content: str | None = None


class _Start(msgspec.Struct, rename="camel"):
    tool_use: _Use | None = None


class _Delta(msgspec.Struct, rename="camel"):
    text: str | None = None
    tool_use: _Use | None = None
    reasoning_content: _Thought | None = None
    citation: Any = None


class _Payload(msgspec.Struct, rename="camel"):
    """Of any event."""

    content_block_index: int = 0
    start: _Start | None = None
    delta: _Delta | None = None
    stop_reason: str = ""
    usage: object = None


_decode = msgspec.json.Decoder(_Payload).decode


class ConverseEvents(EventReader[EventMessage]):
    """Decodes one stream.

    Args:
        provider: Its name, for messages.
        errors: Maps errors that come in the stream.
        names: The tools' own names by those that stand for them.
    """

    def __init__(self, provider: str, errors: BedrockErrors, names: dict[str, str]) -> None:
        super().__init__(provider, errors, EventStreamDecoder(f"provider {provider!r}"))
        self._named = errors
        self._names = names
        self._slots: dict[int, int] = {}
        self._ids: set[str] = set()
        self._begun = False
        self._said = False
        self._stopped = False

    def _cut(self) -> bool:
        return super()._cut() and not self._stopped

    def _take(self, item: EventMessage, events: list[Event]) -> bool:
        kind = item.headers.get(":message-type", "event")
        if kind == "exception":
            raise self._named.in_stream(str(item.headers.get(":exception-type", "")), item.payload)
        if kind == "error":
            told = msgspec.json.encode({"message": str(item.headers.get(":error-message", ""))})
            raise self._named.in_stream(str(item.headers.get(":error-code", "")), told)
        event = item.headers.get(":event-type")
        payload = read_json(_decode, item.payload)
        if not self._begun:
            self._begun = True
            events.append(Begin())
        if event == "metadata":
            if (usage := usage_of(payload.usage)) is not None:
                events.append(Count(usage))
            return self._stopped
        if self._stopped:
            return False  # what is said behind the end is none of the answer
        if event == "contentBlockStart" and payload.start is not None and payload.start.tool_use is not None:
            self._call(payload.content_block_index, payload.start.tool_use, events)
        elif event == "contentBlockDelta" and payload.delta is not None:
            self._more(payload.content_block_index, payload.delta, events)
        elif event == "messageStop":
            self._stopped = True
            events.append(End(finish_of(payload.stop_reason, any_said=self._said)))
        return False

    def _call(self, index: int, use: _Use, events: list[Event]) -> None:
        if not use.tool_use_id or not use.name:
            raise Malformed("has a tool call without an id or a name")
        if use.tool_use_id in self._ids or index in self._slots:
            raise Malformed("has two tool calls with one id, or in one place")
        self._ids.add(use.tool_use_id)
        self._said = True
        slot = self._slots[index] = len(self._slots)
        events.append(CallBegin(slot, use.tool_use_id, self._names.get(use.name, use.name)))

    def _more(self, index: int, delta: _Delta, events: list[Event]) -> None:
        if delta.text:
            self._said = True
            events.append(TextPart(delta.text))
        if delta.tool_use is not None and delta.tool_use.input:
            if index not in self._slots:
                raise Malformed("has arguments of a tool call that has not begun")
            events.append(CallPart(self._slots[index], delta.tool_use.input))
        if (thought := delta.reasoning_content) is not None:
            events += _thoughts(thought)
        if (citation := citation_of(delta.citation)) is not None:
            events.append(Cited(citation))


def _thoughts(thought: _Thought) -> list[Event]:
    found: list[Event] = []
    if thought.text:
        found.append(ThinkingPart(thought.text))
    if thought.signature:
        found.append(ThinkingPart(signature=thought.signature))
    if thought.redacted_content:
        found.append(ThinkingPart(redacted=thought.redacted_content))
    return found

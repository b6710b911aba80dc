"""Streams of Cohere's: events from ``message-start`` to ``message-end``."""

from __future__ import annotations

from typing import Any

import msgspec

from sluicegate.pipeline.form.events import Begin, CallBegin, CallPart, Cited, Count, End, Event, TextPart, ThinkingPart

from ...upstream.sse import Event as SseEvent
from ...upstream.sse import SseDecoder
from ..event_reader import EventReader
from ..openai.errors import ErrorTable
from ..reading import Malformed, read_json, text_of
from .wire import Call, Logprob, Part, citations_of, failure, finish_of, logprobs_of, named_call, usage_of


class Message(msgspec.Struct, frozen=True):
    """More of what is said. What is a list in a whole answer is one thing here, but for the empty lists at first."""

    content: Part | list[Any] | None = None
    tool_plan: str | None = None
    tool_calls: Call | list[Any] | None = None
    citations: Any = None


class Delta(msgspec.Struct, frozen=True):
    """What an event adds."""

    message: Message = Message()
    finish_reason: object = None
    usage: object = None
    error: object = None


class Frame(msgspec.Struct):
    """An event. An error in its place has ``message``."""

    type: str = ""
    id: object = None
    index: int = 0
    delta: Delta = Delta()
    message: object = None
    logprobs: Logprob | None = None


_decode = msgspec.json.Decoder(Frame).decode
_ENDED = b"[DONE]"


class CohereStream(EventReader[SseEvent]):
    """Decodes one stream.

    Args:
        provider: Its name, for messages.
        errors: Maps errors that come in the stream.
    """

    def __init__(self, provider: str, errors: ErrorTable) -> None:
        super().__init__(provider, errors, SseDecoder(f"provider {provider!r}"))
        self._begun = False
        self._slots: dict[int, int] = {}
        """Of calls, by the numbers of their events."""
        self._ids: set[str] = set()

    def _take(self, item: SseEvent, events: list[Event]) -> bool:
        data = item[1]
        if data.strip() == _ENDED or not data.strip():
            return False
        frame = read_json(_decode, data)
        if not frame.type:
            if text_of(frame.message):
                raise failure(text_of(frame.message), self._errors)
            raise Malformed("has an event without a type")
        told: list[Event] = [] if self._begun else [Begin(id=text_of(frame.id))]
        ended = frame.type == "message-end"
        if ended:
            self._end(frame.delta, told)
        else:
            self._more(frame, told)
        self._begun = True
        events += told
        return ended

    def _more(self, frame: Frame, events: list[Event]) -> None:
        said = frame.delta.message
        if said.tool_plan:
            events.append(ThinkingPart(said.tool_plan))
        if isinstance(said.content, Part):
            if said.content.thinking:
                events.append(ThinkingPart(said.content.thinking))
            if said.content.text:
                likely = None if frame.logprobs is None else logprobs_of((frame.logprobs,))
                events.append(TextPart(said.content.text, logprobs=likely))
        if isinstance(said.tool_calls, Call):
            self._call(frame, said.tool_calls, events)
        events += [Cited(citation) for citation in citations_of(said.citations)]

    def _call(self, frame: Frame, call: Call, events: list[Event]) -> None:
        if frame.type == "tool-call-start":
            named = named_call(call)
            if named.id in self._ids or frame.index in self._slots:
                raise Malformed(f"has two calls of the id {named.id[:80]!r}, or of one number")
            self._ids.add(named.id)
            self._slots[frame.index] = len(self._slots)
            events.append(CallBegin(self._slots[frame.index], named.id, named.function.name))
        elif frame.index not in self._slots:
            raise Malformed("goes on with a call that it has not begun")
        if call.function.arguments:
            events.append(CallPart(self._slots[frame.index], call.function.arguments))

    def _end(self, delta: Delta, events: list[Event]) -> None:
        finish = finish_of(delta.finish_reason, self._errors, delta.error)
        if (usage := usage_of(delta.usage)) is not None:
            events.append(Count(usage))
        events.append(End("tool_calls" if self._slots and finish == "stop" else finish))

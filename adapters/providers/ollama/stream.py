"""Streams of Ollama's: a line of JSON for each piece, the last of which says ``done``."""

from __future__ import annotations

from sluicegate.pipeline.form.events import Begin, CallBegin, CallPart, Count, End, Event, TextPart, ThinkingPart

from ...upstream.ndjson import NdjsonDecoder
from ..event_reader import EventReader
from ..openai.errors import ErrorTable
from ..reading import Malformed, text_of
from .answer import calls_of, finish_of, logprobs_of, read_frame, seconds_of, usage_of


class OllamaStream(EventReader[bytes]):
    """Decodes one stream.

    Args:
        provider: Its name, for messages.
        errors: Maps errors that come in the stream.
    """

    def __init__(self, provider: str, errors: ErrorTable) -> None:
        super().__init__(provider, errors, NdjsonDecoder(f"provider {provider!r}"))
        self._begun = False
        self._ids: set[str] = set()

    def _take(self, item: bytes, events: list[Event]) -> bool:
        frame = read_frame(item, self._errors)
        if frame.message is None and not frame.done:
            raise Malformed("has a line without a message")
        if not self._begun:
            self._begun = True
            events.append(Begin(model=text_of(frame.model), created=seconds_of(frame.created_at)))
        if frame.message is not None:
            if frame.message.thinking:
                events.append(ThinkingPart(frame.message.thinking))
            if frame.message.content:
                events.append(TextPart(frame.message.content, logprobs=logprobs_of(frame.logprobs)))
            for call in calls_of(frame.message):
                slot = len(self._ids)
                self._ids.add(call.id)
                if len(self._ids) == slot:
                    raise Malformed(f"has two calls of the id {call.id[:80]!r}")
                events += (CallBegin(slot, call.id, call.name), CallPart(slot, call.arguments))
        if frame.done is not True:
            return False
        if (usage := usage_of(frame)) is not None:
            events.append(Count(usage))
        events.append(End(finish_of(frame, called=bool(self._ids))))
        return True

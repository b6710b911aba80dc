"""Reading answers by paths: whole ones, and the items of streams."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from sluicegate.pipeline.errors import GatewayError, StreamInterrupted, UpstreamError
from sluicegate.pipeline.form.answer import Answer, Choice, Finish
from sluicegate.pipeline.form.blocks import Block, Text, Thinking
from sluicegate.pipeline.form.events import Begin, Count, End, Event, TextPart, ThinkingPart
from sluicegate.pipeline.reply import Usage

from ...upstream.json_array import JsonArrayDecoder
from ...upstream.ndjson import NdjsonDecoder
from ...upstream.sse import SseDecoder
from ..openai.errors import ErrorTable
from ..problem import MAX_MESSAGE, Problem, problem_in
from .paths import path_of, value_at

if TYPE_CHECKING:
    from .settings import MappedSettings

Item = bytes | tuple[str, bytes]
"""What a decoder gives; events have names."""
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,128}")
MAX_ITEM = 4 * 1024 * 1024
MAX_BODY = 32 * 1024 * 1024
_OPENAIS: frozenset[str] = frozenset({"stop", "length", "content_filter"})
_decode = msgspec.json.Decoder().decode


class Reader:
    """Reads one provider's answers.

    Args:
        settings: The provider's.
        errors: Maps answers that are errors.
        wall: Seconds since the epoch, for answers have no date.
    """

    def __init__(self, settings: MappedSettings, errors: ErrorTable, wall: Callable[[], float]) -> None:
        response = settings.response
        self.errors = errors
        self._wall = wall
        self._id = path_of(response.id)
        self._text = path_of(response.text)
        self._reasoning = path_of(response.reasoning)
        self._finish = path_of(response.finish_reason)
        self._read = path_of(response.prompt_tokens)
        self._wrote = path_of(response.completion_tokens)
        self._message = path_of(settings.errors.message)
        self._code = path_of(settings.errors.code)
        self._map = settings.finish_map

    def json(self, data: bytes) -> object:
        """Return the value that bytes are. Raises UpstreamError where they are none."""
        try:
            return _decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self.errors.nonsense("is not valid JSON" if data.strip() else "is empty") from error

    def answer(self, body: bytes) -> Answer:
        """Return what a whole answer says. Raises GatewayError where it is none."""
        value = self.json(body)
        text = value_at(value, self._text)
        if not isinstance(text, str):
            problem = self.problem(value)
            raise self.errors.in_band(problem) if problem.message else self.errors.nonsense("has no text at its path")
        blocks: list[Block] = []
        if isinstance(thought := value_at(value, self._reasoning), str) and thought:
            blocks.append(Thinking(thought))
        blocks.append(Text(text))
        finish = self.finish(value_at(value, self._finish)) or "stop"
        begin, choices = self.begin(value), (Choice(tuple(blocks), finish),)
        return Answer(id=begin.id, created=begin.created, choices=choices, usage=self.usage(value))

    def begin(self, value: object) -> Begin:
        """Return the beginning of an answer, by its whole or by its first item."""
        found = value_at(value, self._id)
        return Begin(id=found if isinstance(found, str) else "", created=int(self._wall()))

    def finish(self, reason: object) -> Finish | None:
        """Return a reason to end as OpenAI names it, or None where there is none."""
        if reason is None or reason == "":
            return None
        told = reason if isinstance(reason, str) else msgspec.json.encode(reason).decode()
        found = self._map.get(told, told)
        return found if found in _OPENAIS else "stop"  # type: ignore[return-value]  # it is one of the three

    def usage(self, value: object) -> Usage | None:
        """Return the tokens that an answer or an item tells of, or None."""
        counts = [value_at(value, path) for path in (self._read, self._wrote)]
        read, wrote = (count if type(count) is int and count >= 0 else 0 for count in counts)
        return Usage(input=read, output=wrote) if read or wrote else None

    def is_error(self, value: object) -> bool:
        """Say whether an item of a stream is an error, and not one without text."""
        return bool(value_at(value, self._message) or value_at(value, ("error",)))

    def problem(self, value: object) -> Problem:
        """Return the error that a value is, as far as it is one."""
        found = problem_in(value)
        message, code = value_at(value, self._message), value_at(value, self._code)
        if isinstance(message, str) and message:
            found = replace(found, message=message[:MAX_MESSAGE])
        if isinstance(code, str | int) and _CODE.fullmatch(str(code)):
            found = replace(found, code=str(code))
        return found


class WholeEvents:
    """Reads a whole answer where a stream is wanted. ``reader`` reads it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._body = bytearray()

    @property
    def done(self) -> bool:
        """Never before its end: nothing inside a JSON value says that nothing follows."""
        return False

    def feed(self, data: bytes) -> list[Event]:
        """Keep the bytes. Raises UpstreamError over the limit."""
        self._body += data
        if len(self._body) > MAX_BODY:
            raise self._reader.errors.nonsense(f"is over {MAX_BODY} bytes, the limit")
        return []

    def finish(self) -> list[Event]:
        """Return the events of the whole answer. Raises GatewayError where it is none."""
        try:
            answer = self._reader.answer(bytes(self._body))
        except UpstreamError as error:
            if isinstance(error.__cause__, msgspec.DecodeError):
                raise StreamInterrupted(error.message) from error
            raise
        events: list[Event] = [Begin(id=answer.id, created=answer.created)]
        choice = answer.choices[0]
        for block in choice.blocks:
            if isinstance(block, Thinking):
                events.append(ThinkingPart(block.text))
            elif isinstance(block, Text):
                events.append(TextPart(block.text))
        events += [Count(answer.usage)] if answer.usage is not None else []
        return [*events, End(choice.finish)]


class ItemEvents:
    """Reads a stream of items.

    Args:
        name: The provider's, for messages.
        reader: Reads what is in them.
        settings: The provider's.
    """

    def __init__(self, name: str, reader: Reader, settings: MappedSettings) -> None:
        stream = settings.stream
        self._source = f"provider {name!r}"
        self._reader = reader
        self._settings = stream
        self._text = path_of(stream.text)
        self._reasoning = path_of(stream.reasoning)
        self._finish_path = path_of(stream.finish_reason)
        self._done_path = path_of(stream.done)
        self._items = _decoder(self._source, stream.format)
        self._began = False
        self._ending: Finish | None = None
        self._done = False
        self._error: GatewayError | None = None

    @property
    def done(self) -> bool:
        """Whether the provider has said that its answer is complete."""
        return self._done

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that these bytes complete. See `EventDecoder.feed`."""
        if self._error is not None:
            raise self._error
        return self._take(lambda: self._items.feed(data)) if not self._done else []

    def finish(self) -> list[Event]:
        """Say that no more bytes come. See `EventDecoder.finish`."""
        if self._error is not None:
            raise self._error
        if self._done:
            return []
        events = self._take(self._items.finish, cut=True)
        if self.done or self._broken():
            return events
        if not self._complete():
            self._error = StreamInterrupted(f"the stream of {self._source} ended before its answer was complete")
            if not events:
                raise self._error
            return events
        return events + self._end()

    def _broken(self) -> bool:
        return self._error is not None

    def _complete(self) -> bool:
        """Say whether a stream that just ended may be whole: where it has a way to say so, it must have said it."""
        if self._done_path:
            return False
        return self._ending is not None if self._finish_path else self._began

    def _take(self, decode: Callable[[], Sequence[Item]], *, cut: bool = False) -> list[Event]:
        events: list[Event] = []
        try:
            for item in decode():
                name, payload = item if isinstance(item, tuple) else ("", item)
                if not payload.strip() or self._done:
                    continue
                if payload.strip().decode("utf-8", "replace") == self._settings.marker:
                    events += self._end()
                elif name == "error":
                    raise self._reader.errors.in_band(self._reader.problem(self._reader.json(payload)))
                else:
                    events += self._item(payload)
        except GatewayError as error:
            if cut and isinstance(error.__cause__, msgspec.DecodeError):
                return events  # half an item: its loss matters only if the answer is not complete without it
            self._error = error
            if not events:
                raise
        return events

    def _item(self, data: bytes) -> list[Event]:
        value = self._reader.json(data)
        text, thought = value_at(value, self._text), value_at(value, self._reasoning)
        if not isinstance(value, dict | list):
            raise self._reader.errors.nonsense("has an item that is no object")
        if text is None and self._reader.is_error(value):
            raise self._reader.errors.in_band(self._reader.problem(value))
        events: list[Event] = [] if self._began else [self._reader.begin(value)]
        self._began = True
        if isinstance(thought, str) and thought:
            events.append(ThinkingPart(thought))
        if isinstance(text, str) and text:
            events.append(TextPart(text))
        if (usage := self._reader.usage(value)) is not None:
            events.append(Count(usage))
        self._ending = self._reader.finish(value_at(value, self._finish_path)) or self._ending
        if self._done_path != () and value_at(value, self._done_path) == self._settings.done_value:
            events += self._end()
        return events

    def _end(self) -> list[Event]:
        self._done = True
        begin: list[Event] = [] if self._began else [self._reader.begin(None)]
        return [*begin, End(self._ending or "stop")]


def _decoder(source: str, format: str) -> SseDecoder | NdjsonDecoder | JsonArrayDecoder:
    if format == "sse":
        return SseDecoder(source, max_line=MAX_ITEM, max_event=MAX_ITEM)
    if format == "ndjson":
        return NdjsonDecoder(source, max_line=MAX_ITEM)
    return JsonArrayDecoder(source, max_element=MAX_ITEM)

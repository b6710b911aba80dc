"""Streams of Gemini's API: server-sent events, or one JSON array that is sent bit by bit. Each item is an answer.

Nothing says that a stream is complete but its end; it is whole if every candidate gave its reason to finish.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

from sluicegate.pipeline.errors import GatewayError, StreamInterrupted, UpstreamError
from sluicegate.pipeline.form.blocks import Text, Thinking
from sluicegate.pipeline.form.events import (
    Begin,
    CallBegin,
    CallPart,
    Cited,
    Count,
    End,
    Event,
    TextPart,
    ThinkingPart,
)
from sluicegate.pipeline.reply import Usage

from ..reading import Malformed, text_of
from .answer import refuse
from .citations import citations_of
from .errors import GoogleErrors
from .frames import JsonFrames, SseFrames
from .pieces import Piece, Reader, logprobs_of
from .wire import Candidate, read_frame, read_usage

Item = TypeVar("Item")


class FrameStream(Generic[Item]):
    """Reads one stream, and makes something of each answer in it.

    Args:
        provider: Its name, for messages.
        errors: Maps errors that come in the stream.
        sse: Whether it is server-sent events; else a JSON array, or one whole answer.
        choices: How many answers were asked for.
    """

    def __init__(self, provider: str, errors: GoogleErrors, *, sse: bool, choices: int) -> None:
        self._provider = provider
        self._errors = errors
        source = f"provider {provider!r}"
        self._frames = SseFrames(source) if sse else JsonFrames(source)
        self._choices = choices
        self._seen: set[int] = set()
        self._reasons: dict[int, str] = {}
        self._usage: Usage | None = None
        self._done = False
        self._error: GatewayError | None = None

    @property
    def done(self) -> bool:
        """Whether the stream has come to its end, and its answer is complete."""
        return self._done

    def feed(self, data: bytes) -> list[Item]:
        """Return what these bytes complete.

        An error behind other things in the same bytes is raised by the next call.

        Raises:
            GatewayError: The provider reported an error in-band, or sent what is not of its own API.
        """
        if self._error is not None:
            raise self._error
        return [] if self._done else self._guarded(lambda items: self._take_all(self._frames.feed(data), items))

    def finish(self) -> list[Item]:
        """Say that no more bytes come; return what was still held back.

        Raises:
            StreamInterrupted: The answer was not complete.
        """
        if self._error is not None:
            raise self._error
        return [] if self._done else self._guarded(self._end)

    def _guarded(self, take: Callable[[list[Item]], None]) -> list[Item]:
        """Return what ``take`` appends. An error waits for what is before it."""
        items: list[Item] = []
        try:
            take(items)
        except Malformed as error:
            self._error = self._errors.nonsense(str(error))
            self._error.__cause__ = error
        except GatewayError as error:
            self._error = error
        if self._error is not None and not items:
            raise self._error
        return items

    def _take_all(self, frames: list[bytes], items: list[Item]) -> None:
        for frame in frames:
            if frame.strip():
                self._take(frame, items)

    @abstractmethod
    def _take(self, data: bytes, items: list[Item]) -> None:
        """Append what one answer makes. Raises GatewayError or Malformed."""

    def _close(self, items: list[Item]) -> None:
        """Append what stands at the end of a complete stream."""

    def _end(self, items: list[Item]) -> None:
        try:
            self._take_all(self._frames.finish(), items)
        except (Malformed, StreamInterrupted):
            pass  # half an event: its loss matters only if the answer is not complete without it
        except UpstreamError:
            if not self._complete():
                raise
        if not self._complete():
            if bare := self._frames.bare_error():
                raise self._errors.read_in_band(bare)
            raise StreamInterrupted(f"the stream of provider {self._provider!r} ended before its answer was complete")
        self._close(items)
        self._done = True

    def _complete(self) -> bool:
        return len(self._reasons) >= self._choices and self._reasons.keys() >= self._seen


class GeminiStream(FrameStream[Event]):
    """Reads one stream into the form. See `FrameStream` for its arguments."""

    def __init__(self, provider: str, errors: GoogleErrors, *, sse: bool, choices: int) -> None:
        super().__init__(provider, errors, sse=sse, choices=choices)
        self._readers: dict[int, Reader] = {}
        self._begun = False
        self._id = ""

    def _take(self, data: bytes, events: list[Event]) -> None:
        frame = read_frame(data)
        refuse(frame, self._errors, data)
        usage = read_usage(frame.usage_metadata)
        if not self._begun:
            self._begun = True
            self._id = text_of(frame.response_id)
            events.append(Begin(self._id, text_of(frame.model_version), usage=usage))
        elif usage is not None and usage != self._usage:
            events.append(Count(usage))
        self._usage = usage or self._usage
        for candidate in frame.candidates or ():
            self._candidate(candidate, events)

    def _candidate(self, candidate: Candidate, events: list[Event]) -> None:
        choice = candidate.index
        reader = self._readers.get(choice)
        if reader is None:
            reader = self._readers[choice] = Reader(choice)
            self._seen.add(choice)
        first = reader.calls
        pieces = reader.read(candidate, self._id)
        logprobs = logprobs_of(candidate.logprobs_result) if candidate.logprobs_result else None
        for piece in pieces:
            first = _append(events, piece, choice, first, logprobs)
            logprobs = None  # they are those of all pieces together
        if candidate.grounding_metadata:
            events += (Cited(citation, choice) for citation in citations_of(candidate.grounding_metadata))
        if candidate.finish_reason:
            self._reasons[choice] = candidate.finish_reason

    def _close(self, events: list[Event]) -> None:
        for choice, reason in sorted(self._reasons.items()):
            events.append(End(self._readers[choice].finish(reason), choice))


def _append(events: list[Event], piece: Piece, choice: int, slot: int, logprobs: dict[str, object] | None) -> int:
    """Append the events of a piece; return the slot of the next call."""
    if isinstance(piece, Text):
        events.append(TextPart(piece.text, choice, logprobs))
    elif isinstance(piece, Thinking):
        events.append(ThinkingPart(piece.text, piece.signature, choice=choice))
    else:
        events.append(CallBegin(slot, piece.id, piece.name, piece.signature, choice))
        events.append(CallPart(slot, piece.arguments, choice))
        return slot + 1
    return slot

"""Decode the streams of OpenAI's API. The bytes of each event pass through; reading them tells only what they carry."""

from __future__ import annotations

from sluicegate.pipeline.errors import GatewayError, StreamInterrupted
from sluicegate.pipeline.reply import Batch, Chunk, ChunkKind, Usage

from ...upstream.sse import Event, SseDecoder
from ..problem import problem_in, read_problem
from ..reading import Malformed
from .chunk import OpenAIChunk, read_chunk
from .errors import ErrorTable
from .mender import ChunkMender
from .usage import read_usage

DONE = b"[DONE]"
MAX_EVENT = 4 * 1024 * 1024
"""Bytes of one event, which are held, and also of one line. An image in an event takes two or three million."""


class OpenAIStream:
    """Decodes one stream.

    Args:
        provider: Its name, for messages.
        errors: Maps errors that come in the stream.
        wants_usage: Whether the client asked for the chunk that holds nothing but usage.
        choices: How many answers were asked for; all must have ended before the stream may.
        mender: Brings chunks into form, for servers whose own need it.
    """

    def __init__(
        self,
        provider: str,
        errors: ErrorTable,
        *,
        wants_usage: bool,
        choices: int = 1,
        mender: ChunkMender | None = None,
    ) -> None:
        self._provider = provider
        self._errors = errors
        self._wants_usage = wants_usage
        self._choices = choices
        self._mender = mender
        self._sse = SseDecoder(f"provider {provider!r}", max_line=MAX_EVENT, max_event=MAX_EVENT)
        self._seen: set[int | None] = set()
        self._finished: set[int | None] = set()
        self._usage: Usage | None = None
        self._done = False
        # What came behind chunks that had to leave first.
        self._error: GatewayError | None = None

    @property
    def usage(self) -> Usage | None:
        """The tokens reported so far; servers that report again and again report sums."""
        return self._usage

    @property
    def done(self) -> bool:
        """Whether the provider has said that its answer is complete."""
        return self._done

    def feed(self, data: bytes) -> Batch:
        """Return the chunks that these bytes complete.

        An error behind chunks in the same bytes is raised by the next call.

        Raises:
            GatewayError: The provider reported an error in-band, or sent what is not of its own API.
        """
        if self._error is not None:
            raise self._error
        batch: Batch = []
        try:
            if not self._done and (events := self._sse.feed(data)):
                self._take_all(events, batch)
        except Malformed as error:
            nonsense = self._errors.nonsense(f"has a chunk that is {error}")
            nonsense.__cause__ = error
            return self._failed(nonsense, batch)
        except GatewayError as error:
            return self._failed(error, batch)
        return batch

    def finish(self) -> Batch:
        """Say that no more bytes come; return what was still held back.

        An end without ``[DONE]`` is complete if every answer gave its reason to finish: some servers omit the rest.

        Raises:
            StreamInterrupted: The answer was not complete.
        """
        if self._error is not None:
            raise self._error
        batch: Batch = []
        try:
            if not self._done:
                self._take_all(self._sse.finish(), batch)
        except Malformed:
            pass  # half an event: its loss matters only if the answer is not complete without it
        except GatewayError as error:
            return self._failed(error, batch)
        if not self._done and not self._complete():
            told = f"the stream of provider {self._provider!r} ended before its answer was complete"
            return self._failed(StreamInterrupted(told), batch)
        if not self._done:
            self._end(batch)
        return batch

    def _failed(self, error: GatewayError, batch: Batch) -> Batch:
        """Return the chunks before an error, which the next call raises; raise it now if there are none."""
        self._error = error
        if not batch:
            raise error
        return batch

    def _take_all(self, events: list[Event], batch: Batch) -> None:
        for name, data in events:
            if data[:1] == b"{" and not name:
                self._take(data, batch)
            elif data.strip() == DONE:
                self._end(batch)
                return
            elif name == "error":
                raise self._errors.in_band(read_problem(data))
            elif data.strip():
                self._take(data, batch)

    def _end(self, batch: Batch) -> None:
        """Take what the answer still held back: it is complete."""
        self._done = True
        if self._mender is not None:
            for chunk in self._mender.end():
                self._read(chunk, batch)

    def _take(self, data: bytes, batch: Batch) -> None:
        if self._mender is None:
            self._read(data, batch)
            return
        mended = self._mender.mend(data)
        if self._mender.usage:
            self._usage = read_usage(self._mender.usage) or self._usage
        for chunk in mended:
            self._read(chunk, batch)

    def _read(self, data: bytes, batch: Batch) -> None:
        chunk = read_chunk(data)
        if chunk.error:
            raise self._errors.in_band(problem_in({"error": chunk.error}))
        if chunk.usage:
            self._usage = read_usage(chunk.usage, chunk.service_tier) or self._usage
        kind = self._kind(chunk)
        if kind is None or (kind is ChunkKind.USAGE and not self._wants_usage):
            return
        # Lines of one event are joined by newlines; a payload leaves as one line.
        batch.append(Chunk(data.replace(b"\n", b" ") if b"\n" in data else data, kind))

    def _kind(self, chunk: OpenAIChunk) -> ChunkKind | None:
        """Return what a chunk carries, or None if it is none, and note which answers have ended."""
        if not chunk.choices:
            if chunk.choices is None and (problem := chunk.problem()) is not None:
                raise self._errors.in_band(problem)
            if chunk.usage:
                return ChunkKind.USAGE
            return None if chunk.choices is None else ChunkKind.HEAD
        kind = ChunkKind.HEAD
        for choice in chunk.choices:
            self._seen.add(choice.index)
            if choice.has_content():
                kind = ChunkKind.CONTENT
            if choice.finish_reason:
                self._finished.add(choice.index)
                if kind is ChunkKind.HEAD:
                    kind = ChunkKind.FINISH
        return kind

    def _complete(self) -> bool:
        return len(self._finished) >= self._choices and self._finished >= self._seen

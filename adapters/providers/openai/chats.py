"""OpenAI's API for callers of other dialects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from sluicegate.pipeline.errors import GatewayError, UpstreamError
from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.events import Count, Event
from sluicegate.pipeline.form.gather import gather
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import StreamDecoder, UpstreamHead, UpstreamRequest
from sluicegate.pipeline.reply import Batch, Usage

from ..reading import Malformed
from .chat_events import ChunkReader
from .chat_messages import DIALECT
from .chat_request import chat_fields
from .tool_names import long_names

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Target

    from .translator import OpenAI


_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class OpenAIChats:
    """Asks one provider, and reads its answers.

    Args:
        translator: The provider's translator, which knows where it is, and how it differs from OpenAI.
    """

    dialect = DIALECT

    def __init__(self, translator: OpenAI) -> None:
        self._translator = translator

    def ask(self, chat: Chat, target: Target, dropped: Dropped) -> UpstreamRequest:
        """Return the request that asks a target. Streams are always asked for their tokens.

        Raises:
            InvalidRequest: OpenAI's API cannot be asked for it.
        """
        fields = chat_fields(chat, target.model, dropped, itself=self._translator.is_itself)
        raw = _decode_fields(msgspec.json.encode(fields))
        return self._translator.upstream("chat", raw, target, dropped, stream=chat.stream)

    def answer(self, chat: Chat, head: UpstreamHead, body: bytes) -> Answer:
        """Return what a complete answer says.

        Raises:
            GatewayError: It is none of this API's, or an error that came with a successful status.
        """
        body, usage = self._translator.checked("chat", head, body)
        reader = ChunkReader(0, long_names(chat))
        try:
            answer = gather([*reader.read(body), *reader.end()])
        except Malformed as error:
            raise self._translator.nonsense(f"is {error}") from error
        if not answer.choices:
            raise self._translator.nonsense("has no choices")
        return msgspec.structs.replace(answer, usage=usage)

    def events(self, chat: Chat, head: UpstreamHead) -> OpenAIEvents:
        """Return a decoder for a stream, or for a whole answer where the server ignored ``stream: true``.

        Raises:
            UpstreamError: The answer is neither, such as a page.
        """
        chunks = self._translator.chunks("chat", head, wants_usage=True, choices=chat.n)
        return OpenAIEvents(chunks, self._translator.nonsense, ChunkReader(chat.n, long_names(chat)))


class OpenAIEvents:
    """Reads one stream.

    Ends are told when the whole stream ends, behind the tokens: some servers say the reason to finish more than once,
    or go on after it.

    Args:
        chunks: Makes chunks of the provider's bytes.
        nonsense: Makes the error for what is no chunk.
        reader: Reads the chunks.
    """

    def __init__(self, chunks: StreamDecoder, nonsense: Callable[[str], UpstreamError], reader: ChunkReader) -> None:
        self._chunks = chunks
        self._nonsense = nonsense
        self._reader = reader
        self._usage: Usage | None = None
        self._error: GatewayError | None = None
        self._done = False

    @property
    def done(self) -> bool:
        """Whether the provider has said that its answer is complete."""
        return self._done

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that these bytes complete. See `EventDecoder.feed`."""
        if self._error is not None:
            raise self._error
        return self._read(self._chunks.feed(data), over=self._chunks.done)

    def finish(self) -> list[Event]:
        """Say that no more bytes come; return what was still held back, unless the answer is not complete.

        Raises:
            StreamInterrupted: It is not. GatewayError: What was held back is an error, or not of OpenAI's API.
        """
        if self._error is not None:
            raise self._error
        batch = self._chunks.finish()
        batch += self._chunks.feed(b"")  # raises an error that stands behind the last chunks
        events = self._read(batch, over=True)
        if self._error is not None:
            raise self._error
        return events

    def _read(self, batch: Batch, *, over: bool) -> list[Event]:
        """Return the events of chunks; what is wrong in them is raised by the next call if anything came before it."""
        events: list[Event] = []
        try:
            for chunk in batch:
                events += self._reader.read(chunk.data)
            if self._chunks.usage is not None and self._chunks.usage is not self._usage:
                self._usage = self._chunks.usage
                events.append(Count(self._usage))
            if over and not self._done:
                events += self._reader.end()
                self._done = True
        except Malformed as error:
            self._error = self._nonsense(f"has a chunk that is {error}")
            self._error.__cause__ = error
        if self._error is not None and not events:
            raise self._error
        return events

"""Decode streams whose events say by a ``type`` what they are: transcripts and edited images. Their bytes pass through.

Sources: https://platform.openai.com/docs/api-reference/audio/transcript-text-delta-event and
https://platform.openai.com/docs/api-reference/images-streaming.
"""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.errors import GatewayError, StreamInterrupted, UpstreamError
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Batch, Chunk, ChunkKind, Usage
from sluicegate.pipeline.request import Request

from ...upstream.sse import Event, SseDecoder
from ..problem import problem_in, read_problem
from .errors import ErrorTable
from .form_answer import SPOKEN, read_form_answer, usage_of
from .stream import DONE
from .whole import AnswerReader

MAX_EVENT = 32 * 1024 * 1024
"""Bytes of one event: a large image in base64 comes in one."""
_CONTENT = (".delta", ".segment", ".partial_image")
_LAST = (".done", ".completed")


class _Event(msgspec.Struct):
    type: str = ""
    usage: object = None
    error: object = None


_read = msgspec.json.Decoder(_Event).decode


class TypedStream:
    """Decodes one stream. It is complete once the event has come that holds all of the answer.

    Args:
        provider: Its name, for messages.
        errors: Maps errors that come in the stream.
    """

    def __init__(self, provider: str, errors: ErrorTable) -> None:
        self._provider = provider
        self._errors = errors
        self._sse = SseDecoder(f"provider {provider!r}", max_line=MAX_EVENT, max_event=MAX_EVENT)
        self._error: GatewayError | None = None
        self.usage: Usage | None = None
        self.done = False

    def feed(self, data: bytes) -> Batch:
        """Return the chunks that these bytes complete. Raises GatewayError as `StreamDecoder` has it."""
        if self._error is not None:
            raise self._error
        batch: Batch = []
        try:
            self._take_all(self._sse.feed(data), batch)
        except GatewayError as error:
            self._error = error
            if not batch:
                raise
        return batch

    def finish(self) -> Batch:
        """Say that no more bytes come; return what was still held back.

        Raises:
            StreamInterrupted: The answer was not complete.
        """
        batch: Batch = []
        self._take_all(self._sse.finish(), batch)
        if not self.done:
            told = f"the stream of provider {self._provider!r} ended before its answer was complete"
            self._error = StreamInterrupted(told)
            if not batch:
                raise self._error
        return batch

    def _take_all(self, events: list[Event], batch: Batch) -> None:
        for name, data in events:
            if self.done:
                return
            if data.strip() == DONE:
                continue
            if name == "error":
                raise self._errors.in_band(read_problem(data))
            batch.append(self._chunk(name, data))

    def _chunk(self, name: str, data: bytes) -> Chunk:
        try:
            if not data.isascii():
                data.decode()
            event = _read(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._errors.nonsense("has an event that is not of its API") from error
        if event.error or event.type == "error":
            raise self._errors.in_band(problem_in({"error": event.error}) if event.error else read_problem(data))
        kind = ChunkKind.CONTENT if event.type.endswith(_CONTENT) else ChunkKind.HEAD
        if event.type.endswith(_LAST):
            kind, self.done = ChunkKind.FINISH, True
            self.usage = usage_of(event.usage)
        line = data.replace(b"\n", b" ") if b"\n" in data else data
        return Chunk(line, kind, event.type if name else "")


class WholeAsTyped:
    """Decodes an answer that came whole where a stream was asked for: some models ignore ``stream``.

    Args:
        errors: Maps errors.
        reader: Checks the answer.
        request: What was asked.
        head: The head of the answer.
    """

    def __init__(self, errors: ErrorTable, reader: AnswerReader, request: Request, head: UpstreamHead) -> None:
        self._given = (errors, reader, request, head)
        self._spoken = request.operation in SPOKEN
        self._body = bytearray()
        self.usage: Usage | None = None
        self.done = False

    def feed(self, data: bytes) -> Batch:
        """Keep the bytes; an answer is only good when it is whole. Raises UpstreamError over the limit."""
        self._body += data
        if len(self._body) > MAX_EVENT:
            raise UpstreamError(f"the answer is over {MAX_EVENT} bytes, the limit", retryable=False)
        return []

    def finish(self) -> Batch:
        """Return the events of the whole answer. Raises GatewayError where it is none."""
        errors, reader, request, head = self._given
        reply, self.usage = read_form_answer(errors, reader, request, head, bytes(self._body))
        answer = msgspec.json.decode(reply.body)
        usage = {"usage": answer["usage"]} if "usage" in answer else {}
        if self._spoken:
            delta = {"type": "transcript.text.delta", "delta": answer["text"]}
            last = {"type": "transcript.text.done", "text": answer["text"], **usage}
            return [_of(delta, ChunkKind.CONTENT), _of(last, ChunkKind.FINISH)]
        return [
            _of({"type": "image_edit.completed", **image, **usage}, ChunkKind.FINISH, "image_edit.completed")
            for image in answer["data"]
            if isinstance(image, dict)
        ]


def _of(fields: dict[str, object], kind: ChunkKind, event: str = "") -> Chunk:
    return Chunk(msgspec.json.encode(fields), kind, event)

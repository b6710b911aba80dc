"""Chunks from a whole answer, for servers that ignore ``stream: true``."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from sluicegate.pipeline.errors import StreamInterrupted, UpstreamError
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Batch, Chunk, ChunkKind, Usage

from ..reading import Malformed
from .chunk import read_chunk
from .whole import AnswerReader

MAX_BODY = 32 * 1024 * 1024
_Fields = dict[str, msgspec.Raw]
_encode = msgspec.json.encode
_NULL = msgspec.Raw(b"null")
_EMPTY = msgspec.Raw(b"{}")


class _Whole(msgspec.Struct):
    choices: list[_Fields]


_decode = msgspec.json.Decoder(_Whole).decode
_decode_fields = msgspec.json.Decoder(_Fields).decode
_decode_calls = msgspec.json.Decoder(list[_Fields] | None).decode


class UnstreamedAnswer:
    """Decodes an answer that came whole where a stream was asked for.

    Args:
        provider: Its name, for messages.
        reader: Checks the answer.
        operation: What was asked.
        head: The head of the answer.
        wants_usage: Whether the client asked for a chunk with usage.
        mend: Brings a whole answer into form.
    """

    def __init__(
        self,
        provider: str,
        reader: AnswerReader,
        operation: str,
        head: UpstreamHead,
        *,
        wants_usage: bool,
        mend: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._provider = provider
        self._reader = reader
        self._operation = operation
        self._head = head
        self._wants_usage = wants_usage
        self._mend = mend
        self._body = bytearray()
        self._usage: Usage | None = None

    @property
    def usage(self) -> Usage | None:
        """The tokens, once the answer is complete."""
        return self._usage

    @property
    def done(self) -> bool:
        """Never before its end: nothing inside a JSON document says that nothing follows."""
        return False

    def feed(self, data: bytes) -> Batch:
        """Keep the bytes; an answer is only good when it is whole. Raises UpstreamError over the limit."""
        self._body += data
        if len(self._body) > MAX_BODY:
            raise UpstreamError(f"the answer of provider {self._provider!r} is over {MAX_BODY} bytes, the limit")
        return []

    def finish(self) -> Batch:
        """Return the chunks of the whole answer.

        Raises:
            StreamInterrupted: It is not whole.
            GatewayError: It is an error, or none of this provider's answers.
        """
        body = bytes(self._body)
        try:
            _decode_fields(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise StreamInterrupted(f"the answer of provider {self._provider!r} is not complete JSON") from error
        body = self._mend(body)
        top = _decode_fields(body)
        self._usage = self._reader.read(self._operation, self._head, body)
        try:
            batch = self._chunks(top, _decode(body).choices)
        except (msgspec.DecodeError, Malformed, RecursionError) as error:
            raise UpstreamError(f"the answer of provider {self._provider!r} is not of its API") from error
        if self._wants_usage and self._usage is not None:
            frame = _frame(top, self._operation) | {"usage": top["usage"]}
            batch.append(_chunk(frame, [], ChunkKind.USAGE))
        return batch

    def _chunks(self, top: _Fields, choices: list[_Fields]) -> Batch:
        frame = _frame(top, self._operation)
        batch: Batch = []
        for place, choice in enumerate(choices):
            marks = {"index": choice.get("index", msgspec.Raw(_encode(place)))}
            reason = choice.get("finish_reason", msgspec.Raw(b'"stop"'))
            if self._operation == "completion":
                text = {**choice, **marks, "finish_reason": _NULL}
                batch.append(_content(frame, text))
                last: _Fields = {"text": msgspec.Raw(b'""'), **marks, "finish_reason": reason}
            else:
                delta = _delta(choice.get("message", _EMPTY))
                batch.append(_content(frame, {**marks, "delta": delta, "finish_reason": _NULL}))
                last = {**marks, "delta": _EMPTY, "finish_reason": reason}
            batch.append(_chunk(frame, [last], ChunkKind.FINISH))
        return batch


def _frame(top: _Fields, operation: str) -> _Fields:
    """Return what all chunks of an answer have in common."""
    kept = {name: value for name, value in top.items() if name not in ("choices", "usage")}
    if operation == "chat":
        kept["object"] = msgspec.Raw(b'"chat.completion.chunk"')
    return kept


def _delta(message: msgspec.Raw) -> msgspec.Raw:
    """Return a message as a delta: its tool calls are numbered."""
    fields = _decode_fields(message)
    calls = _decode_calls(fields.get("tool_calls", _NULL))
    if calls:
        numbered = [{"index": msgspec.Raw(_encode(place)), **call} for place, call in enumerate(calls)]
        fields["tool_calls"] = msgspec.Raw(_encode(numbered))
    return msgspec.Raw(_encode(fields))


def _content(frame: _Fields, choice: _Fields) -> Chunk:
    """Return a chunk that holds a whole answer, which may be an empty one."""
    chunk = _chunk(frame, [choice], ChunkKind.HEAD)
    if any(found.has_content() for found in read_chunk(chunk.data).choices or ()):
        chunk.kind = ChunkKind.CONTENT
    return chunk


def _chunk(frame: _Fields, choices: list[_Fields], kind: ChunkKind) -> Chunk:
    return Chunk(_encode({**frame, "choices": choices}), kind)

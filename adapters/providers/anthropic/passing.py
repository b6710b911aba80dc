"""Requests and answers of callers who speak the Messages API themselves: bytes pass through."""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Chunk, ChunkKind, Usage

from .answer import check_json, raise_in_band, read_message
from .errors import AnthropicErrors
from .frames import Frame, MessageStream
from .usage import UsageReader

_SHOWN_FROM_START = frozenset({"text", "thinking"})
"""Blocks that begin empty; any other one is something to act on at once."""


class _Counted(msgspec.Struct):
    input_tokens: int


_decode_counted = msgspec.json.Decoder(_Counted).decode


class PassedStream(MessageStream[Chunk]):
    """Gives each event of a streamed message as it came, but for pings. See `MessageStream` for its arguments."""

    def __init__(self, provider: str, errors: AnthropicErrors) -> None:
        super().__init__(provider, errors)
        self._usage: Usage | None = None

    @property
    def usage(self) -> Usage | None:
        """The tokens reported so far; each report is of all that came before it."""
        return self._usage

    def _take(self, frame: Frame, payload: bytes, items: list[Chunk]) -> None:
        reported = frame.message.usage if frame.message is not None else frame.usage
        if reported is not None:
            self._usage = self._counts.read(reported)
        # Lines of one event are joined by newlines; a payload leaves as one line.
        data = payload.replace(b"\n", b" ") if b"\n" in payload else payload
        items.append(Chunk(data, _kind(frame), frame.type))


def check_message(errors: AnthropicErrors, head: UpstreamHead, body: bytes) -> Usage | None:
    """Check a whole answer that passes through; return its tokens.

    Raises:
        GatewayError: It is none of this API's, or an error that came with a successful status.
    """
    return UsageReader().read(read_message(errors, head, body).usage)


def check_count(errors: AnthropicErrors, head: UpstreamHead, body: bytes) -> None:
    """Check an answer that tells how many tokens a request has. Raises GatewayError as `check_message` does."""
    check_json(errors, head, body)
    try:
        _decode_counted(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise_in_band(errors, body)
        raise errors.nonsense("has no count of tokens") from error


def _kind(frame: Frame) -> ChunkKind:
    if frame.type == "content_block_delta":
        return ChunkKind.CONTENT
    if frame.type == "content_block_start" and frame.content_block is not None:
        block = frame.content_block
        shown = block.type not in _SHOWN_FROM_START or block.text or block.thinking
        return ChunkKind.CONTENT if shown else ChunkKind.HEAD
    if frame.type in ("message_delta", "message_stop"):
        return ChunkKind.FINISH
    return ChunkKind.HEAD

"""What a provider sends, and exchanges to send it: what the suite for providers is fed with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.provider import StreamDecoder, Translator, UpstreamHead
from sluicegate.pipeline.reply import Batch, ChunkKind
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas import (
    ChatRequest,
    CompletionRequest,
    EmbeddingRequest,
    ImageRequest,
    ModerationRequest,
    RerankRequest,
    SpeechRequest,
)
from sluicegate.pipeline.schemas.forms import (
    ImageEditRequest,
    ImageVariationRequest,
    TranscriptionRequest,
    TranslationRequest,
)
from sluicegate.testing import request

_CREATED = re.compile(rb'"created":\d+')
_MADE_ID = re.compile(rb'"id":"chatcmpl-[0-9a-f]{32}"')
KEY = Secret("sk-conformance-0123456789abcdef")
TARGET = Target("upstream", "their-model")
TYPES = {
    "chat": ChatRequest,
    "completion": CompletionRequest,
    "embedding": EmbeddingRequest,
    "image": ImageRequest,
    "speech": SpeechRequest,
    "moderation": ModerationRequest,
    "rerank": RerankRequest,
    "transcription": TranscriptionRequest,
    "translation": TranslationRequest,
    "image_edit": ImageEditRequest,
    "image_variation": ImageVariationRequest,
}


def ask(operation: str = "chat", **fields: object) -> Exchange:
    """Return an exchange as it is when it reaches `call`."""
    if operation == "chat":
        fields = {"model": "our-model", "messages": [{"role": "user", "content": "Hello"}], **fields}
    body = msgspec.json.encode(fields)
    asked = Request(
        operation,
        body,
        fields=msgspec.json.decode(body, type=dict[str, msgspec.Raw]),
        typed=msgspec.json.decode(body, type=TYPES[operation]),
    )
    return Exchange(asked, deadline=600.0, started=0.0)


def exchange_for_response(**fields: object) -> Exchange:
    """Return an exchange that asks for a response, as it is when it reaches `call`."""
    asked = request("responses", **{"model": "our-model", "input": "Say hello", **fields})
    return Exchange(asked, deadline=600.0, started=0.0)


@dataclass(frozen=True)
class Sample:
    """What a provider sends.

    Attributes:
        translator: Built with `KEY` as its api_key.
        whole: A plain answer to a chat.
        whole_usage: (input, output) of it.
        stream: A complete streamed answer to a chat, usage included.
        stream_type: Its content type.
        stream_usage: (input, output) of it.
        complete_from: How many of the stream's bytes a connection may be cut after, at the earliest, without harm.
        content_until: How many of them hold whole events and some content, and not yet the end.
        ends_itself: Whether something in the stream says that nothing follows; else only its end does.
        stream_error: An error as it stands in a stream, after the bytes up to ``content_until``.
        errors: (status, body) of 400, 401, 404, 429 and 500 answers.
    """

    translator: Translator
    whole: bytes
    whole_usage: tuple[int, int]
    stream: bytes
    stream_usage: tuple[int, int]
    complete_from: int
    content_until: int
    stream_error: bytes
    errors: dict[int, bytes]
    stream_type: str = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)
    ends_itself: bool = True

    def head(self, status: int = 200, media_type: str = "application/json", **headers: str) -> UpstreamHead:
        """Return the head of an answer."""
        return UpstreamHead(status, {"content-type": media_type, **self.headers, **headers})

    def decoder(self, **fields: object) -> StreamDecoder:
        """Return a decoder for a stream."""
        exchange = ask(stream=True, **fields)
        return self.translator.decoder(exchange, self.head(media_type=self.stream_type))


def told(decoder: StreamDecoder, pieces: Iterable[bytes]) -> list[tuple[ChunkKind, bytes]]:
    """Return all that a decoder makes of a whole stream."""
    chunks, error = outcome(decoder, pieces)
    if error is not None:
        raise error
    return chunks


def outcome(
    decoder: StreamDecoder, pieces: Iterable[bytes]
) -> tuple[list[tuple[ChunkKind, bytes]], GatewayError | None]:
    """Return the chunks of a stream, and the error that stands behind them, if there is one.

    The time and the id that a dialect gives them, where the provider does not, are taken out: they differ each time.
    """
    chunks: Batch = []
    failure = None
    try:
        for piece in pieces:
            chunks += decoder.feed(piece)
        chunks += decoder.finish()
        chunks += decoder.feed(b"")  # raises what stands behind the last chunks
    except GatewayError as error:
        failure = error
    return [(chunk.kind, timeless(chunk.data)) for chunk in chunks], failure


def timeless(data: bytes) -> bytes:
    """Return a chunk without the time and the id that a dialect puts into it where the provider tells none."""
    return _MADE_ID.sub(b'"id":"made"', _CREATED.sub(b'"created":0', data))

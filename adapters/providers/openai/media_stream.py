"""Which decoder reads what is streamed and is no text: events of images or sound, sound as bytes, or whole images."""

from __future__ import annotations

from collections.abc import Callable

from sluicegate.pipeline.provider import StreamDecoder, UpstreamHead
from sluicegate.pipeline.request import Request

from .asked import choices_in
from .errors import ErrorTable
from .media_events import MediaStream, UnstreamedImages
from .sound import SpokenBytes, said_in
from .whole import AnswerReader


def media_stream(
    name: str,
    errors: ErrorTable,
    reader: AnswerReader,
    request: Request,
    head: UpstreamHead,
    mend: Callable[[bytes], bytes],
) -> StreamDecoder:
    """Return a decoder for an answer to one of `MEDIA`. Raises UpstreamError for a page or another answer.

    Args:
        name: The provider's.
        errors: Makes its errors.
        reader: Checks whole answers.
        request: What was asked.
        head: The head of the answer.
        mend: Brings whole images into OpenAI's form.
    """
    if head.media_type == "text/event-stream" and (request.operation != "speech" or _in_events(request)):
        pictures = choices_in(request.fields) if request.operation == "image" else 0
        return MediaStream(name, errors, pictures=pictures, said=said_in(request))
    if request.operation == "speech":
        return SpokenBytes(name, errors, head, said_in(request))
    reader.check_type(head)
    return UnstreamedImages(name, reader, head, mend)


def _in_events(request: Request) -> bool:
    """Say whether speech was asked for as events: who did not gets an error for them, and no text in place of sound."""
    asked = request.fields
    return bytes(asked.get("stream_format", b"")) == b'"sse"' or bytes(asked.get("stream", b"")) == b"true"

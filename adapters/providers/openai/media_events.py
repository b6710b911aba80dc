"""Images and speech that come as events. The bytes of each pass through under its own name.

Sources: https://platform.openai.com/docs/api-reference/images-streaming, and for speech
https://platform.openai.com/docs/api-reference/audio/speech-audio-delta-event
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from sluicegate.pipeline.errors import GatewayError, StreamInterrupted, UpstreamError
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Batch, Chunk, ChunkKind, Usage

from ...upstream.sse import Event, SseDecoder
from ..problem import problem_in, read_problem
from .errors import ErrorTable
from .stream import DONE
from .usage import read_usage
from .whole import AnswerReader

MAX_EVENT = 32 * 1024 * 1024
"""Bytes of one event, and of one line: a large picture in base64 takes more than ten million."""
MAX_BODY = 64 * 1024 * 1024


class _Said(msgspec.Struct):
    type: str = ""
    usage: object = None
    error: object = None


_decode = msgspec.json.Decoder(_Said).decode
_SUMMED = ("input", "output", "cached", "audio_input", "audio_output", "image_input", "image_cached", "image_output")
"""What each of several images has a count of its own of."""


class MediaStream:
    """Decodes one stream.

    Args:
        provider: Its name, for messages.
        errors: Maps errors that come in the stream.
        pictures: How many images were asked for; 0 for speech.
        said: How many characters were to be said.
    """

    def __init__(self, provider: str, errors: ErrorTable, *, pictures: int = 0, said: int = 0) -> None:
        self._provider = provider
        self._errors = errors
        self._pictures = pictures
        self._made = 0
        self._ended = False
        self._sse = SseDecoder(f"provider {provider!r}", max_line=MAX_EVENT, max_event=MAX_EVENT)
        self._usage = Usage(characters=said)
        self._error: GatewayError | None = None

    @property
    def usage(self) -> Usage | None:
        """The tokens reported so far, if any, and what was made or said."""
        return self._usage if self._made or self._usage.characters or self._ended else None

    @property
    def done(self) -> bool:
        """Whether the last event has come."""
        return self._ended

    def feed(self, data: bytes) -> Batch:
        """Return the chunks that these bytes complete. An error behind chunks is raised by the next call.

        Raises:
            GatewayError: The provider reported an error in-band, or sent what is not of its own API.
        """
        if self._error is not None:
            raise self._error
        batch: Batch = []
        try:
            for event in self._sse.feed(data):
                if not self._ended:
                    self._take(event, batch)
        except GatewayError as error:
            self._error = error
            if not batch:
                raise
        return batch

    def finish(self) -> Batch:
        """Say that no more bytes come. Raises StreamInterrupted where the last event has not come."""
        if self._error is not None:
            raise self._error
        if not self._ended:
            raise StreamInterrupted(f"the stream of provider {self._provider!r} ended before its answer was complete")
        return []

    def _take(self, event: Event, batch: Batch) -> None:
        name, data = event
        if data.strip() == DONE or not data.strip():
            self._ended = self._ended or (data.strip() == DONE and self._made >= self._pictures > 0)
            return
        if name == "error":
            raise self._errors.in_band(read_problem(data))
        try:
            said = _decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._errors.nonsense("has an event that is not of its API") from error
        if said.error or said.type == "error":
            raise self._errors.in_band(problem_in({"error": said.error}) if said.error else read_problem(data))
        kind = ChunkKind.CONTENT
        if said.type == "image_generation.completed":
            self._made += 1
            self._count(said.usage)
            self._ended = self._made >= self._pictures
        elif said.type == "speech.audio.done":
            kind = ChunkKind.FINISH
            self._count(said.usage)
            self._ended = True
        batch.append(Chunk(data.replace(b"\n", b" ") if b"\n" in data else data, kind, name))

    def _count(self, found: object) -> None:
        usage = read_usage(found) or Usage()
        if self._pictures:
            usage.image_output = usage.image_output or usage.output
        counts = {name: getattr(self._usage, name) + getattr(usage, name) for name in _SUMMED}
        self._usage = replace(self._usage, **counts, images=self._made)


class UnstreamedImages:
    """Events from a whole answer, for servers that know no stream of images.

    Args:
        provider: Its name, for messages.
        reader: Checks the answer.
        head: The head of the answer.
        mend: Brings a whole answer into form.
    """

    def __init__(
        self, provider: str, reader: AnswerReader, head: UpstreamHead, mend: Callable[[bytes], bytes] = bytes
    ) -> None:
        self._provider = provider
        self._reader = reader
        self._head = head
        self._mend = mend
        self._body = bytearray()
        self._usage: Usage | None = None

    @property
    def usage(self) -> Usage | None:
        """The tokens and images, once the answer is complete."""
        return self._usage

    @property
    def done(self) -> bool:
        """Never before its end."""
        return False

    def feed(self, data: bytes) -> Batch:
        """Keep the bytes; an answer is only good when it is whole. Raises UpstreamError over the limit."""
        self._body += data
        if len(self._body) > MAX_BODY:
            told = f"the answer of provider {self._provider!r} is over {MAX_BODY} bytes, the limit"
            raise UpstreamError(told, code="upstream_reply_too_large", retryable=False)
        return []

    def finish(self) -> Batch:
        """Return an event for each image. Raises GatewayError where the answer is none of the API's."""
        body = self._mend(bytes(self._body))
        self._usage = self._reader.read("image", self._head, body)
        try:
            top = msgspec.json.decode(body)
            made = [item for item in top["data"] if isinstance(item, dict)]
        except (msgspec.DecodeError, KeyError, TypeError, RecursionError) as error:
            raise UpstreamError(f"the answer of provider {self._provider!r} is not of its API") from error
        batch: Batch = []
        for place, item in enumerate(made):
            event = {"type": "image_generation.completed", "created_at": top.get("created", 0), **item}
            if place == len(made) - 1 and "usage" in top:
                event["usage"] = top["usage"]
            batch.append(Chunk(msgspec.json.encode(event), ChunkKind.CONTENT, "image_generation.completed"))
        return batch

"""Speech that comes whole, as base64 in JSON, for callers who are given its bytes."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable

from msgspec.structs import replace

from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.reply import Batch, Chunk, ChunkKind, Usage

from .reading import Malformed

MAX_BODY = 64 * 1024 * 1024
"""Bytes of a whole answer: a quarter of an hour of bare samples in base64."""


class WholeSpeech:
    """Decodes one answer: nothing leaves before all of it has come.

    Args:
        provider: Its name, for messages.
        media_type: The content type of the sound.
        said: How many characters were to be said.
        read: Returns the sound in a whole answer, and its tokens. Raises GatewayError where it is none.
    """

    def __init__(
        self, provider: str, media_type: str, said: int, read: Callable[[bytes], tuple[bytes, Usage | None]]
    ) -> None:
        self._provider = provider
        self._media_type = media_type
        self._read = read
        self._usage = Usage(characters=said)
        self._body = bytearray()

    @property
    def media_type(self) -> str:
        """The content type under which the bytes leave."""
        return self._media_type

    @property
    def usage(self) -> Usage:
        """How many characters were to be said, and the tokens, once the answer is complete."""
        return self._usage

    @property
    def done(self) -> bool:
        """Never before its end: nothing inside a JSON document says that nothing follows."""
        return False

    def feed(self, data: bytes) -> Batch:
        """Keep the bytes. Raises UpstreamError over the limit."""
        self._body += data
        if len(self._body) > MAX_BODY:
            told = f"the answer of provider {self._provider!r} is over {MAX_BODY} bytes, the limit"
            raise UpstreamError(told, code="upstream_reply_too_large", retryable=False)
        return []

    def finish(self) -> Batch:
        """Return the sound. Raises GatewayError where the answer has none."""
        if not self._body:
            raise UpstreamError(f"the speech of provider {self._provider!r} has nothing in it", code="empty_stream")
        body = bytes(self._body)
        self._body.clear()  # or it would stand in memory once more than is counted
        sound, usage = self._read(body)
        self._usage = replace(usage or Usage(), characters=self._usage.characters)
        return [Chunk(sound, ChunkKind.CONTENT)]


def sound_in(data: str) -> bytes:
    """Return what stands in base64. Raises Malformed where it is none."""
    try:
        return b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("has sound that is not base64") from error

"""Speech that comes as bytes: they pass through as they come, under the upstream's own content type."""

from __future__ import annotations

from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Batch, Chunk, ChunkKind, Usage
from sluicegate.pipeline.request import Request

from .errors import ErrorTable

_OTHER_KINDS = ("text/", "application/json", "application/problem+json", "image/", "multipart/")


class SpokenBytes:
    """Passes the bytes of one answer.

    Args:
        provider: Its name, for messages.
        errors: Makes the error for what is no sound.
        head: The head of the answer.
        said: How many characters were to be said.

    Raises:
        UpstreamError: The answer is a page, JSON, or something else that nobody can hear.
    """

    def __init__(self, provider: str, errors: ErrorTable, head: UpstreamHead, said: int) -> None:
        if head.media_type.startswith(_OTHER_KINDS):
            raise errors.nonsense(f"is {head.media_type[:80]}, not sound")
        self._provider = provider
        self._usage = Usage(characters=said)
        self._media_type = head.headers.get("content-type", "").strip() or "application/octet-stream"
        self._begun = False

    @property
    def media_type(self) -> str:
        """The content type under which the bytes leave."""
        return self._media_type

    @property
    def usage(self) -> Usage:
        """How many characters were to be said: nobody counts tokens of sound as bytes."""
        return self._usage

    @property
    def done(self) -> bool:
        """Never: nothing in sound says that nothing follows; the end of the message does."""
        return False

    def feed(self, data: bytes) -> Batch:
        """Return the bytes as they are."""
        if not data:
            return []
        self._begun = True
        return [Chunk(data, ChunkKind.CONTENT)]

    def finish(self) -> Batch:
        """Say that no more bytes come. Raises UpstreamError where there were none."""
        if not self._begun:
            raise UpstreamError(f"the speech of provider {self._provider!r} has nothing in it", code="empty_stream")
        return []


def said_in(request: Request) -> int:
    """Return how many characters a request wants to be said; 0 if it is for something else."""
    if request.operation != "speech":
        return 0
    return next((len(text) for path, text in request.texts() if path == "input"), 0)

"""Google's way to end: an error object with a status in words, and streams that nothing but their end ends.

A stream is server-sent events for who asks with ``alt=sse``, else one JSON array that is written bit by bit. The last
answer in it has the reason; one that is cut has none, and an array that is cut is never closed.

https://cloud.google.com/apis/design/errors and https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from typing import Any

import msgspec

from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.reply import Batch

from . import sse

STATUSES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""Names of statuses that have one of their own."""
_TYPE = "type.googleapis.com/google.rpc."
_BETWEEN = b",\r\n"


class GeminiDialect:
    """How errors and streams of events leave towards Google's clients."""

    name = "gemini"
    media_type = sse.MEDIA_TYPE
    # Google's own clients take a line that is not data for a part of an error.
    keep_alive = b""

    def error(self, error: GatewayError, label: str) -> bytes:
        """Return the error object. Its details tell the gateway's own code, the field, and when to ask again."""
        return msgspec.json.encode({"error": _fields(error, label)})

    def frames(self, batch: Batch) -> bytes:
        """Return the events of chunks that leave together."""
        return sse.frames(batch)

    def clean_end(self) -> bytes:
        """Return nothing: the reason in the last answer tells that it is complete."""
        return b""

    def broken_end(self, error: GatewayError, label: str) -> bytes:
        """Return the error as an event."""
        return sse.frame(self.error(error, label))


class GeminiArray(GeminiDialect):
    """How errors and one stream leave as an array. Each request has its own."""

    media_type = "application/json"

    def __init__(self) -> None:
        self._before = b"["

    def error(self, error: GatewayError, label: str) -> bytes:
        """Return the error object as the only item."""
        return b"[%b]" % super().error(error, label)

    def frames(self, batch: Batch) -> bytes:
        """Return the items of chunks that leave together."""
        return b"".join([self._item(chunk.data) for chunk in batch])

    def clean_end(self) -> bytes:
        """Return the end of the array, and its beginning if there was none."""
        return b"[]" if self._before == b"[" else b"]"

    def broken_end(self, error: GatewayError, label: str) -> bytes:
        """Return the error as an item, and leave the array open: nobody reads it as complete."""
        return self._item(super().error(error, label))

    def _item(self, data: bytes) -> bytes:
        before, self._before = self._before, _BETWEEN
        return before + data


def _fields(error: GatewayError, label: str) -> dict[str, Any]:
    status = STATUSES.get(error.status) or ("INVALID_ARGUMENT" if error.status < 500 else "INTERNAL")
    details: list[dict[str, Any]] = [
        {"@type": f"{_TYPE}ErrorInfo", "reason": error.code.upper(), "domain": "sluicegate"},
        {"@type": f"{_TYPE}RequestInfo", "requestId": label},
    ]
    if error.param is not None:
        violation = {"field": error.param, "description": error.message}
        details.append({"@type": f"{_TYPE}BadRequest", "fieldViolations": [violation]})
    if error.retry_after is not None:
        details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{error.retry_after:.3f}s"})
    return {"code": error.status, "message": error.message, "status": status, "details": details}


GEMINI = GeminiDialect()

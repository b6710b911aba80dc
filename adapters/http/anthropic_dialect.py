"""Anthropic's way to end: an error object with the request's id, named events, and no terminator but ``message_stop``.

https://docs.anthropic.com/en/api/errors
"""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.reply import Batch

from . import sse

_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class AnthropicDialect:
    """How errors and streams leave towards Anthropic's clients."""

    name = "anthropic"
    media_type = sse.MEDIA_TYPE
    keep_alive = sse.frame(b'{"type":"ping"}', "ping")

    def error(self, error: GatewayError, label: str) -> bytes:
        """Return the error object. Its type goes by the status, as their clients know no other names."""
        fields = {"type": type_of(error.status), "message": error.message}
        return msgspec.json.encode({"type": "error", "error": fields, "request_id": label})

    def frames(self, batch: Batch) -> bytes:
        """Return the events of chunks that leave together."""
        return sse.frames(batch)

    def clean_end(self) -> bytes:
        """Return nothing: ``message_stop`` is the answer's own last event."""
        return b""

    def broken_end(self, error: GatewayError, label: str) -> bytes:
        """Return the error as an event. No ``message_stop`` follows it: a cut answer never looks like a whole one."""
        return sse.frame(self.error(error, label), "error")


def type_of(status: int) -> str:
    """Return the type of an error with a status that is none of a success."""
    return _TYPES.get(status) or ("invalid_request_error" if status < 500 else "api_error")


ANTHROPIC = AnthropicDialect()

"""OpenAI's way to end: an error object of four keys, data-only events, ``[DONE]`` after a complete stream only."""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.reply import Batch

from . import sse


class OpenAIDialect:
    """How errors and streams leave towards OpenAI's clients."""

    name = "openai"
    media_type = sse.MEDIA_TYPE
    keep_alive = sse.COMMENT

    def error(self, error: GatewayError, label: str) -> bytes:
        """Return the error object. All four keys are always there; `param` may be null."""
        fields = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
        return msgspec.json.encode({"error": fields})

    def frames(self, batch: Batch) -> bytes:
        """Return the events of chunks that leave together."""
        return sse.frames(batch)

    def clean_end(self) -> bytes:
        """Return the terminator."""
        return b"data: [DONE]\n\n"

    def broken_end(self, error: GatewayError, label: str) -> bytes:
        """Return the error as an event. No terminator follows it: a cut answer never looks like a complete one."""
        return sse.frame(self.error(error, label))


OPENAI = OpenAIDialect()

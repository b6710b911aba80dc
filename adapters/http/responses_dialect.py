"""How the Responses API ends: OpenAI's error objects, named and numbered events, no terminator but the last event.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from typing import Any

import msgspec

from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.reply import Batch

from . import sse
from .openai_dialect import OPENAI

_CREATED = "response.created"


class _Numbered(msgspec.Struct):
    sequence_number: int = -1
    response: dict[str, Any] = {}


_decode = msgspec.json.Decoder(_Numbered).decode


class ResponsesDialect:
    """How errors and streams leave in one visit: it keeps the first and the last event, to go on from them."""

    name = "responses"
    media_type = sse.MEDIA_TYPE
    keep_alive = sse.COMMENT

    def __init__(self) -> None:
        self._first = b""
        self._last = b""

    def error(self, error: GatewayError, label: str) -> bytes:
        """Return OpenAI's error object."""
        return OPENAI.error(error, label)

    def frames(self, batch: Batch) -> bytes:
        """Return the events of chunks that leave together."""
        if batch:
            self._last = batch[-1].data
            if not self._first and batch[0].event == _CREATED:
                self._first = batch[0].data
        return sse.frames(batch)

    def clean_end(self) -> bytes:
        """Return nothing: ``response.completed`` or the like is the answer's own last event."""
        return b""

    def broken_end(self, error: GatewayError, label: str) -> bytes:
        """Return the error as an event, and the response as one that failed: never as a complete one."""
        number = _read(self._last).sequence_number + 1
        told = {"type": "error", "code": error.code, "message": error.message, "param": error.param}
        frames = sse.frame(msgspec.json.encode({**told, "sequence_number": number}), "error")
        response = _read(self._first).response
        if response:
            code = "rate_limit_exceeded" if error.status == 429 else "server_error"
            failed = {**response, "status": "failed", "error": {"code": code, "message": error.message}}
            last = {"type": "response.failed", "sequence_number": number + 1, "response": failed}
            frames += sse.frame(msgspec.json.encode(last), "response.failed")
        return frames


def _read(data: bytes) -> _Numbered:
    """Return what an event says; that of a provider may say nothing."""
    try:
        return _decode(data)
    except msgspec.DecodeError:
        return _Numbered()

"""Amazon Bedrock's `Converse`: a stream is AWS's binary messages.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html has their form.
"""

from __future__ import annotations

import struct
from typing import Any
from zlib import crc32

from .voice import PROMPT_TOKENS, Parts, first_tokens, json, text

_TEXT = 7
"""The type of a header whose value is text."""


class ConverseVoice:
    """Answers as Bedrock's API does."""

    media_type = b"application/vnd.amazon.eventstream"

    def whole(self, model: str, tokens: int) -> Any:
        """Return what `Converse` returns."""
        message = {"role": "assistant", "content": [{"text": text(tokens)}]}
        return {"output": {"message": message}, "stopReason": "end_turn", **_account(tokens)}

    def stream(self, model: str, tokens: int, *, usage: bool) -> Parts:
        """Return messages from ``messageStart`` to ``metadata``."""
        said = [_message("contentBlockDelta", contentBlockIndex=0, delta={"text": word}) for word in first_tokens()]
        ending = [
            _message("contentBlockStop", contentBlockIndex=0),
            _message("messageStop", stopReason="end_turn"),
            _message("metadata", **_account(tokens)),
        ]
        return Parts([_message("messageStart", role="assistant")], said, ending)

    def error(self, status: int, message: str, kind: str) -> Any:
        """Return an error, whose kind AWS tells by its name."""
        name = {429: "ThrottlingException", 400: "ValidationException"}.get(status, "InternalServerException")
        return {"__type": name, "message": message}


def _account(tokens: int) -> dict[str, Any]:
    counted = {"inputTokens": PROMPT_TOKENS, "outputTokens": tokens, "totalTokens": PROMPT_TOKENS + tokens}
    return {"usage": counted, "metrics": {"latencyMs": 1}}


def _message(kind: str, **fields: Any) -> bytes:
    headers = b"".join(
        b"%c%b%c%b%b" % (len(name), name, _TEXT, struct.pack(">H", len(value)), value)
        for name, value in (
            (b":event-type", kind.encode()),
            (b":content-type", b"application/json"),
            (b":message-type", b"event"),
        )
    )
    payload = json(fields)
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    checked = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return checked + struct.pack(">I", crc32(checked))

"""The bytes of the simulated upstream's answers. What depends on the request's form alone is made once and kept."""

from __future__ import annotations

import struct
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from .asked import MOST_DIMENSIONS, Asked

CREATED = 1_767_225_600
"""All answers are of the same second, 2026-01-01T00:00:00Z."""
_TEXT = "the water of this river runs over a weir and under a gate, then slowly down through reeds to a lake"
WORDS = tuple(_TEXT.split())
DIMENSIONS = 256
KEPT = 64
"""Answers of each kind that are kept, if they are of LONG tokens at most: no more than 50 MB of all."""
LONG = 4096
_HEAD = b"HTTP/1.1 %b\r\ncontent-type: %b\r\nserver: simulator\r\nx-request-id: req_0123456789abcdef\r\n"
_json = msgspec.json.encode


def plain(status: bytes, body: bytes, more: bytes = b"") -> bytes:
    """Return a whole answer; ``more`` are further header lines."""
    return b"%b%bcontent-length: %d\r\n\r\n%b" % (_HEAD % (status, b"application/json"), more, len(body), body)


def error(status: bytes, message: str, kind: str, more: bytes = b"") -> bytes:
    """Return an answer that says what is wrong, as OpenAI's API says it."""
    fields = {"message": message, "type": kind, "param": None, "code": None}
    return plain(status, _json({"error": fields}), more)


def rate_limited(seconds: float) -> bytes:
    """Return a 429 that asks for patience."""
    wait = b"retry-after: %d\r\nretry-after-ms: %d\r\n" % (-int(-seconds // 1), round(seconds * 1000))
    return error(b"429 Too Many Requests", "Rate limit reached.", "rate_limit_error", wait)


def whole(chat: bool, model: str, tokens: int) -> bytes:
    """Return a plain answer of so many tokens."""
    return _whole(chat, model, tokens) if tokens <= LONG else _whole.__wrapped__(chat, model, tokens)


@lru_cache(KEPT)
def _whole(chat: bool, model: str, tokens: int) -> bytes:
    text = "".join(_token(place) for place in range(tokens))
    rest = {"logprobs": None, "finish_reason": "stop"}
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, **rest} if chat else {"index": 0, "text": text, **rest}
    body = {**_frame(chat, False, model), "choices": [choice], "usage": _usage(tokens)}
    return plain(b"200 OK", _json(body))


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream in parts: what comes with the first token, the tokens, and what comes with the last.

    Attributes:
        words: The events of the first tokens; later ones repeat all of these but the first.
    """

    opening: bytes
    words: tuple[bytes, ...]
    ending: bytes

    def tokens(self, start: int, end: int) -> bytes:
        """Return the events of the tokens from the place ``start`` to before ``end``."""
        words, again = self.words, len(self.words) - 1
        if end <= len(words):
            return b"".join(words[start:end])
        return b"".join([words[place and (place - 1) % again + 1] for place in range(start, end)])


@lru_cache(KEPT)
def stream(chat: bool, model: str, with_usage: int | None) -> Stream:
    """Return a stream, one event a token. ``with_usage`` is the number of tokens to account for, or None."""
    frame = _frame(chat, True, model)

    def event(fields: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, **fields, "logprobs": None, "finish_reason": reason}
        return _event(_json({**frame, "choices": [choice]}))

    head = _HEAD % (b"200 OK", b"text/event-stream") + b"transfer-encoding: chunked\r\n\r\n"
    role = event({"delta": {"role": "assistant", "content": ""}}) if chat else b""
    words = [_token(place) for place in range(len(WORDS) + 1)]
    parts = tuple(event({"delta": {"content": word}} if chat else {"text": word}) for word in words)
    ending = event({"delta": {}} if chat else {"text": ""}, "stop")
    if with_usage is not None:
        ending += _event(_json({**frame, "choices": [], "usage": _usage(with_usage)}))
    return Stream(head + role, parts, ending + _event(b"[DONE]") + b"0\r\n\r\n")


def stream_whole(chat: bool, model: str, tokens: int, with_usage: bool) -> bytes:
    """Return a stream whose events all leave together."""
    make = _stream_whole if tokens <= LONG else _stream_whole.__wrapped__
    return make(chat, model, tokens, with_usage)


@lru_cache(KEPT)
def _stream_whole(chat: bool, model: str, tokens: int, with_usage: bool) -> bytes:
    parts = stream(chat, model, tokens if with_usage else None)
    return parts.opening + parts.tokens(0, tokens) + parts.ending


def embeddings(asked: Asked) -> bytes:
    """Return one vector an input."""
    dimensions = min(max(1, asked.dimensions or DIMENSIONS), MOST_DIMENSIONS)
    return _embeddings(asked.model, asked.vectors, dimensions, asked.encoding_format == "base64")


@lru_cache(KEPT)
def _embeddings(model: str, vectors: int, dimensions: int, packed: bool) -> bytes:
    vector = [round((place % 17 - 8) / 100, 2) for place in range(dimensions)]
    value = b64encode(struct.pack(f"<{dimensions}f", *vector)).decode() if packed else vector
    data = [{"object": "embedding", "index": index, "embedding": value} for index in range(vectors)]
    usage = {"prompt_tokens": 8 * vectors, "total_tokens": 8 * vectors}
    return plain(b"200 OK", _json({"object": "list", "data": data, "model": model, "usage": usage}))


def models() -> bytes:
    """Return the list of models; any other name is answered too."""
    listed = [{"id": "simulated", "object": "model", "created": CREATED, "owned_by": "sluicegate"}]
    return plain(b"200 OK", _json({"object": "list", "data": listed}))


def _token(place: int) -> str:
    word = WORDS[place % len(WORDS)]
    return f" {word}" if place else word


def _event(data: bytes) -> bytes:
    """Return an event, as a chunk of its own."""
    return b"%x\r\ndata: %b\n\n\r\n" % (len(data) + 8, data)


def _usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": 8, "completion_tokens": tokens, "total_tokens": tokens + 8}


def _frame(chat: bool, in_stream: bool, model: str) -> dict[str, Any]:
    prefix, kind = ("chatcmpl", "chat.completion") if chat else ("cmpl", "text_completion")
    if chat and in_stream:
        kind += ".chunk"
    return {"id": f"{prefix}-0123456789abcdef", "object": kind, "created": CREATED, "model": model}

"""Pictures, speech, transcripts, judgements and ranks, as OpenAI, Cohere and Jina have them: always the same ones."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .voice import CREATED, PROMPT_TOKENS, json, text

if TYPE_CHECKING:
    from ..asked import Asked

JSON = b"application/json"
KEPT = 64
MOST = 2048
"""Of one kind in one answer."""
RATE = 8000
"""Samples of sound in a second, of 16 bits each."""
_CATEGORIES = ("harassment", "hate", "illicit", "self-harm", "sexual", "violence")


def pictures(asked: Asked, model: str, tokens: int) -> tuple[bytes, bytes]:
    """Return as many pictures as are asked for."""
    return JSON, _pictures(min(max(1, asked.n or 1), MOST))


@lru_cache(KEPT)
def _pictures(count: int) -> bytes:
    usage = {"input_tokens": PROMPT_TOKENS, "output_tokens": count, "total_tokens": PROMPT_TOKENS + count}
    return json({"created": CREATED, "data": [{"b64_json": b64encode(picture()).decode()}] * count, "usage": usage})


def picture() -> bytes:
    """Return a picture of one grey pixel. https://www.w3.org/TR/png-3/"""
    parts = ((b"IHDR", struct.pack(">2I5B", 1, 1, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0\x80")), (b"IEND", b""))
    told = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(told)


def speech(asked: Asked, model: str, tokens: int) -> tuple[bytes, bytes]:
    """Return silence: a tenth of a second for each token, as WAV."""
    return b"audio/wav", _wav(min(tokens, MOST))


@lru_cache(KEPT)
def _wav(tokens: int) -> bytes:
    sound = samples(tokens)
    form = struct.pack("<4sI2H2I2H", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", 36 + len(sound), b"WAVE")
        + form
        + struct.pack("<4sI", b"data", len(sound))
        + sound
    )


def samples(tokens: int) -> bytes:
    """Return the same silence without a head."""
    return bytes(tokens * RATE // 10 * 2)


def transcript(asked: Asked, model: str, tokens: int) -> tuple[bytes, bytes]:
    """Return a text of so many tokens, in JSON, which no form of the request changes."""
    return JSON, _transcript(tokens)


@lru_cache(KEPT)
def _transcript(tokens: int) -> bytes:
    return json({"text": text(tokens), "usage": {"type": "duration", "seconds": 1}})


def judgements(asked: Asked, model: str, tokens: int) -> tuple[bytes, bytes]:
    """Return that there is nothing to object to, once for each input."""
    return JSON, _judgements(model, asked.vectors)


@lru_cache(KEPT)
def _judgements(model: str, count: int) -> bytes:
    result = {
        "flagged": False,
        "categories": dict.fromkeys(_CATEGORIES, False),
        "category_scores": dict.fromkeys(_CATEGORIES, 0.01),
    }
    return json({"id": "modr-0123456789abcdef", "model": model, "results": [result] * count})


def ranks(asked: Asked, model: str, tokens: int) -> tuple[bytes, bytes]:
    """Return the documents in the order in which they came."""
    count = min(len(asked.documents or ()), MOST)
    return JSON, _ranks(model, min(count, asked.top_n or count))


@lru_cache(KEPT)
def _ranks(model: str, count: int) -> bytes:
    results: list[dict[str, Any]] = [
        {"index": index, "relevance_score": round(1 / (index + 1), 4)} for index in range(count)
    ]
    meta = {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}}
    usage = {"total_tokens": PROMPT_TOKENS}
    return json({"id": "0123456789abcdef", "model": model, "results": results, "meta": meta, "usage": usage})

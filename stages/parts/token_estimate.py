"""Tokens where a provider reports none: a rule of thumb, and marked as such."""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.request import Request

BYTES_PER_TOKEN = 4
"""For English text."""
SAMPLE = 4096
"""Characters of a text that are looked at, to know how many bytes its characters take."""
_WORDLESS = frozenset({"embedding", "image", "moderation", "rerank"})
"""Operations whose answers hold no text that a model has written."""
_WRITTEN = frozenset({"content", "text", "reasoning_content", "reasoning", "refusal", "arguments", "thinking"})


def estimate(request: Request, output: int) -> Usage:
    """Return the tokens of an answer with ``output`` tokens to a request whose own are not known."""
    asked = sum(_size(text) for _, text in request.texts())
    return Usage(input=_tokens(asked), output=output, estimated=True)


def estimate_plain(request: Request, body: bytes) -> Usage:
    """Return the tokens of a plain answer: a model writes none of what is no text, and counting takes none at all."""
    if request.operation in ("count_tokens", "count_responses", "count_generate"):
        return Usage()
    return estimate(request, 0 if request.operation in _WORDLESS else tokens_in(body))


def tokens_in(body: bytes) -> int:
    """Return about how many tokens a model has written into a plain answer: what its fields for text hold."""
    try:
        rest: list[object] = [msgspec.json.decode(body)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0
    size = 0
    while rest:
        value = rest.pop()
        if isinstance(value, list):
            rest += value
        elif isinstance(value, dict):
            for name, inner in value.items():
                if isinstance(inner, dict | list):
                    rest.append(inner)
                elif isinstance(inner, str) and name in _WRITTEN:
                    size += _size(inner)
    return _tokens(size)


def _size(text: str) -> int:
    """Return about how many bytes a text has in UTF-8: of a long one that is not ASCII, its beginning tells."""
    length = len(text)
    if text.isascii():
        return length
    if length <= SAMPLE:
        return len(text.encode("utf-8", "surrogatepass"))
    return length * len(text[:SAMPLE].encode("utf-8", "surrogatepass")) // SAMPLE


def _tokens(size: int) -> int:
    return -(-size // BYTES_PER_TOKEN)

"""The bytes of the simulated upstream's answers. What depends on the request's form alone is made once and kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

from .places import Vectors
from .voices.lists import listed
from .voices.voice import SEQUENCE, Voice, json

DIMENSIONS = 256
KEPT = 64
"""Answers of each kind that are kept, if they are of LONG tokens at most: no more than 50 MB of all."""
LONG = 4096
_HEAD = b"HTTP/1.1 %b\r\ncontent-type: %b\r\nserver: simulator\r\nx-request-id: req_0123456789abcdef\r\n"
_QUOTED = b'"%b"' % SEQUENCE
_WIDTH = 7
"""Characters of an event's number, spaces before it among them, so that all events of one kind are of one length."""


def plain(status: int, body: bytes, more: bytes = b"", media_type: bytes = b"application/json") -> bytes:
    """Return a whole answer; ``more`` are further header lines."""
    said = b"%d %b" % (status, HTTPStatus(status).phrase.encode())
    return b"%b%bcontent-length: %d\r\n\r\n%b" % (_HEAD % (said, media_type), more, len(body), body)


def error(voice: Voice, status: int, message: str, kind: str, more: bytes = b"") -> bytes:
    """Return an answer that says what is wrong in the words of an API."""
    return plain(status, json(voice.error(status, message, kind)), more)


def rate_limited(voice: Voice, seconds: float) -> bytes:
    """Return a 429 that asks for patience."""
    wait = b"retry-after: %d\r\nretry-after-ms: %d\r\n" % (-int(-seconds // 1), round(seconds * 1000))
    return error(voice, 429, "Rate limit reached.", "rate_limit_error", wait)


def failed(voice: Voice) -> bytes:
    """Return a 500."""
    return error(voice, 500, "The simulator fails, as it was told to.", "server_error")


def whole(voice: Voice, model: str, tokens: int) -> bytes:
    """Return a plain answer of so many tokens."""
    return _whole(voice, model, tokens) if tokens <= LONG else _whole.__wrapped__(voice, model, tokens)


@lru_cache(KEPT)
def _whole(voice: Voice, model: str, tokens: int) -> bytes:
    return plain(200, json(voice.whole(model, tokens)))


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream in parts: what comes with the first token, the tokens, and what comes with the last.

    Attributes:
        words: The events of the first tokens; later ones repeat all of these but the first.
        numbered: The number of the first token's event, where each has one; its place in the bytes is for ``%``.
    """

    opening: bytes
    words: tuple[bytes, ...]
    ending: bytes
    numbered: int | None = None

    def tokens(self, start: int, end: int) -> bytes:
        """Return the events of the tokens from the place ``start`` to before ``end``."""
        words, again, first = self.words, len(self.words) - 1, self.numbered
        if first is None and end <= len(words):
            return b"".join(words[start:end])
        events = [words[place and (place - 1) % again + 1] for place in range(start, end)]
        if first is not None:
            events = [event % (first + place) for place, event in enumerate(events, start)]
        return b"".join(events)


@lru_cache(KEPT)
def stream(voice: Voice, model: str, tokens: int, usage: bool) -> Stream:
    """Return a stream, one event a token. ``usage`` says whether the tokens were asked to be told."""
    parts = voice.stream(model, tokens, usage=usage)
    head = _HEAD % (b"200 OK", voice.media_type) + b"transfer-encoding: chunked\r\n\r\n"
    before, after = map(_framed, parts.opening), map(_framed, parts.ending)
    if not any(_QUOTED in event for event in parts.words):
        end = b"".join(after) + b"0\r\n\r\n"
        return Stream(head + b"".join(before), tuple(map(_framed, parts.words)), end)
    first = len(parts.opening)
    numbered = [_numbered(event) % number for number, event in enumerate(parts.opening)]
    last = [_numbered(event) % (first + tokens + place) for place, event in enumerate(parts.ending)]
    words = tuple(map(_numbered, parts.words))
    return Stream(head + b"".join(numbered), words, b"".join(last) + b"0\r\n\r\n", first)


def stream_whole(voice: Voice, model: str, tokens: int, usage: bool) -> bytes:
    """Return a stream whose events all leave together."""
    make = _stream_whole if tokens <= LONG else _stream_whole.__wrapped__
    return make(voice, model, tokens, usage)


@lru_cache(KEPT)
def _stream_whole(voice: Voice, model: str, tokens: int, usage: bool) -> bytes:
    parts = stream(voice, model, tokens, usage)
    return parts.opening + parts.tokens(0, tokens) + parts.ending


@lru_cache(KEPT)
def embeddings(make: Vectors, model: str, vectors: int, dimensions: int, base64: bool) -> bytes:
    """Return one vector an input."""
    return plain(200, json(make(model, vectors, dimensions, base64)))


@lru_cache(KEPT)
def models(path: str) -> bytes | None:
    """Return the list of models at a path, or None where there is none."""
    found = listed(path)
    return None if found is None else plain(200, json(found))


def _framed(data: bytes) -> bytes:
    """Return an event as a chunk of its own."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _numbered(event: bytes) -> bytes:
    """Return a chunk that lacks the event's number."""
    before, after = event.replace(b"%", b"%%").split(_QUOTED)
    length = len(event) - len(_QUOTED) + _WIDTH
    return b"%x\r\n%b%%%dd%b\r\n" % (length, before, _WIDTH, after)

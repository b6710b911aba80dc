r"""Texts behind a filler of the same length, so that what was said is gone and its size, and so its tokens, stay.

A text is each string of a JSON document, but for those in fields that say what to do rather than what is said, such as
``model`` or ``role``. Names of fields, numbers and the form of the document stay as they came, and of a text its white
space, its quotes and backslashes.

The first letters of a filler are drawn from the text, with a key that is kept nowhere: equal texts stay equal and
different ones different, so that a cache finds the same again. The rest is ``x``.
"""

from __future__ import annotations

import re
import secrets
from hashlib import blake2b

TELLING = 16
"""Letters of a filler that are drawn from the text."""
KEPT = frozenset(
    b"model role type object format encoding_format detail voice syntax mode tool_choice function_call finish_reason "
    b"reasoning_effort effort service_tier verbosity prompt_cache_retention search_context_size "
    b"category finishReason mimeType responseMimeType serviceTier thinkingLevel threshold".split()
)
"""Fields whose texts the API or the gateway reads."""

# The last one may have no end: what was cut off, or refused, is masked too.
_STRING = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)(?:"(\s*:\s*)?|\\?\Z)', re.DOTALL)
_PIECE = re.compile(
    rb"(?P<unicode>\\u[0-9a-fA-F]{4})|(?P<escape>\\.)|(?P<ascii>[^\\\x80-\xff]+)"
    rb"|(?P<two>[\xc2-\xdf][\x80-\xbf])|(?P<three>[\xe0-\xef][\x80-\xbf]{2})|(?P<four>[\xf0-\xf4][\x80-\xbf]{3})|.",
    re.DOTALL,
)
_FILLERS = {
    "unicode": rb"\u0078",
    "two": "é".encode(),
    "three": "字".encode(),
    "four": "😀".encode(),
}
_PLAIN = bytes(code if code <= 0x20 else 0x78 for code in range(256))
_X = re.compile(rb"x")
_LETTERS = bytes(0x61 + code % 23 for code in range(256))
"""From a byte to one of the letters before x, which is the filler's own."""
_ARGUMENTS = b"arguments"


class Mask:
    """Masks the texts of JSON documents; of equal texts the masks are equal as long as this object lives."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def of(self, document: bytes) -> bytes:
        """Return a document with all of its texts masked, as long as before. What is no JSON is masked as one text."""
        if document.lstrip()[:1] not in (b"{", b"["):
            return self._filler(document)
        parts = []
        name, value_at, end = b"", 0, 0
        for found in _STRING.finditer(document):
            if found[2] is not None:
                name, value_at = found[1], found.end()
                continue
            if found.start() != value_at:
                name = b""  # inside of a list, which no name speaks for
            if name in KEPT or not found[1]:
                continue
            masked = self._arguments(found[1]) if name == _ARGUMENTS else self._filler(found[1])
            parts += [document[end : found.start(1)], masked]
            end = found.end(1)
        return b"".join([*parts, document[end:]])

    def _filler(self, text: bytes) -> bytes:
        """Return the filler for a text as it stands in JSON, escapes and all."""
        filler = _PIECE.sub(_filled, text)
        digest = blake2b(text, key=self._key, digest_size=TELLING).digest().translate(_LETTERS)
        letters = iter(digest)
        return _X.sub(lambda _: bytes((next(letters),)), filler, count=TELLING)

    def _arguments(self, text: bytes) -> bytes:
        """Return the mask of what stands in a text and is JSON itself, as a model writes the arguments of a tool."""
        plain = text.replace(rb"\"", b'"')
        if b"\\" in plain:
            return self._filler(text)  # quotes in quotes: not worth telling apart
        return self.of(plain).replace(b'"', rb"\"")


def _filled(piece: re.Match[bytes]) -> bytes:
    kind = piece.lastgroup
    if kind == "ascii":
        return piece[0].translate(_PLAIN)
    if kind == "escape":
        return piece[0]
    return _FILLERS[kind] if kind is not None else b"x"

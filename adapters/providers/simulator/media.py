"""The simulator's pictures, sounds, judgements and ranks: small, real, and the same for the same request."""

from __future__ import annotations

import re
import struct
import zlib
from array import array
from base64 import b64encode
from collections.abc import Iterator
from hashlib import blake2b
from itertools import cycle, islice

from ..openai.moderations import CATEGORIES

WIDTH = 16
"""Pixels of a picture's side, whatever size is asked for: what matters is that it is one."""
RATE = 8000
"""Samples of sound in a second, of 16 bits each."""
WORD_SECONDS = 0.05
MOST_WORDS = 200
"""Words that are said: ten seconds."""
PIECE = 4000
"""Bytes of sound that come together: a quarter of a second."""
FORMATS = {"wav": "audio/wav", "pcm": "audio/pcm"}
_SIGNS = {"violence": ("kill", "murder", "stab"), "hate": ("hate",), "self-harm": ("suicide",)}
"""Words that the simulator takes offence at: enough to see both answers."""
_WORD = re.compile(r"\w+")
Json = dict[str, object]


def picture(text: str, number: int, seed: int) -> bytes:
    """Return a PNG of one colour, which the prompt decides. https://www.w3.org/TR/png/"""
    colour = blake2b(text.encode("utf-8", "replace"), digest_size=3, key=f"{seed}:{number}".encode()[:64]).digest()
    rows = (b"\0" + colour * WIDTH) * WIDTH
    header = struct.pack(">2I5B", WIDTH, WIDTH, 8, 2, 0, 0, 0)
    parts = (_part(b"IHDR", header), _part(b"IDAT", zlib.compress(rows)), _part(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _part(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pictures(text: str, count: int, seed: int, created: int) -> Json:
    """Return the answer that holds so many pictures."""
    made = [{"b64_json": b64encode(picture(text, number, seed)).decode()} for number in range(count)]
    return {"created": created, "data": made, "usage": picture_usage(text, count)}


def picture_events(text: str, count: int, partial: int, seed: int, created: int) -> Iterator[tuple[str, Json]]:
    """Yield the events of a stream, by name: what there is so far of each picture, and then the whole of it."""
    for number in range(count):
        common: Json = {"b64_json": b64encode(picture(text, number, seed)).decode(), "created_at": created}
        common |= {"size": f"{WIDTH}x{WIDTH}", "quality": "low", "background": "opaque", "output_format": "png"}
        for place in range(partial):
            name = "image_generation.partial_image"
            yield name, {"type": name, "partial_image_index": place, **common}
        name = "image_generation.completed"
        yield name, {"type": name, **common, "usage": picture_usage(text, 1)}


def picture_usage(text: str, count: int) -> Json:
    """Return the account of pictures: a word is a token, and so is each row."""
    read, wrote = len(text.split()) or 1, WIDTH * count
    details = {"text_tokens": read, "image_tokens": 0}
    return {
        "input_tokens": read,
        "output_tokens": wrote,
        "total_tokens": read + wrote,
        "input_tokens_details": details,
    }


def sound(text: str, form: str) -> list[bytes]:
    """Return a beep for each word, higher ones for longer words, in pieces: as WAV with a header, or bare (``pcm``)."""
    samples = array("h")
    for word in _words(text)[:MOST_WORDS]:
        half = max(2, 20 - len(word))
        tone = [4000] * half + [-4000] * half
        samples.extend(islice(cycle(tone), int(RATE * WORD_SECONDS)))
    data = struct.pack(f"<{len(samples)}h", *samples)
    pieces = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
    if form == "pcm":
        return pieces
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16,
                       b"data", len(data))  # fmt: skip
    return [head, *pieces]


def judged(text: str) -> Json:
    """Return one judgement: by a handful of words, no more."""
    words = set(_words(text))
    scores = dict.fromkeys(CATEGORIES, 0.001)
    for category, signs in _SIGNS.items():
        if words & set(signs):
            scores[category] = 0.9
    return {
        "flagged": any(score > 0.5 for score in scores.values()),
        "categories": {name: score > 0.5 for name, score in scores.items()},
        "category_scores": scores,
        "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
    }


def relevance(query: str, document: str) -> float:
    """Return how many of the query's words a document has, from 0 to 1, and a little less the longer it is."""
    wanted, found = set(_words(query)), _words(document)
    if not wanted or not found:
        return 0.0
    return round(len(wanted & set(found)) / len(wanted) * (1.0 - min(len(found), 1000) / 4000), 6)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)] or ["?"] * bool(text)

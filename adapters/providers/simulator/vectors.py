"""The simulator's embeddings: vectors of length 1 in which texts that share words are near each other."""

from __future__ import annotations

import base64
import math
import struct
from hashlib import blake2b

DIMENSIONS = 256
MOST_DIMENSIONS = 8192


def vector(text: str, dimensions: int, seed: int) -> list[float]:
    """Return the vector of a text, as float32 can hold it. Every word adds or takes 1 at four places."""
    sums = [0] * dimensions
    for word in text.lower().split() or [""]:
        digest = blake2b(f"{seed} {word}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
        for number in struct.unpack("<4I", digest):
            sums[(number >> 1) % dimensions] += 1 if number & 1 else -1
    length = math.sqrt(sum(value * value for value in sums))
    if length == 0.0:  # words that cancel each other out
        sums[0], length = 1, 1.0
    return list(struct.unpack(f"<{dimensions}f", struct.pack(f"<{dimensions}f", *(value / length for value in sums))))


def packed(values: list[float]) -> str:
    """Return a vector as OpenAI's ``encoding_format: base64`` has it: little-endian float32."""
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode("ascii")

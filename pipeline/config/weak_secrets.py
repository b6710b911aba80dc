"""Which secrets can be guessed. What is said of one holds no part of it."""

from __future__ import annotations

import re
from itertools import pairwise

SHORTEST = 32
"""Bytes: as many as HS256's digest has. https://www.rfc-editor.org/rfc/rfc7518#section-3.2"""
DISTINCT = 8
"""Different characters: random text of this length practically never has fewer, also in hexadecimal."""
REST = 16
"""Characters beside well-known words that have to be left."""

_WORDS = """
    access admin auth bearer bit bits bytes changeit changeme change changethis characters code default demo dev dummy
    dont example fallback foobar gateway here hmac hs256 insecure jwt jsonwebtoken key least letmein llm local long
    longer minimum mysecret mykey not only openssl password passphrase please private production prod public
    qwertyuiop qwerty asdfghjkl zxcvbnm random replace safe sample secret secure server session sha256 shared should
    sign signing sluicegate something string strong super supersecret test testing that this token topsecret ultra
    ultrafast unsafe use value very with your yours
    32 64 128 256 512 1234567890 123456789 12345678 1234567 123456 12345 1234 123
"""
# Longest first, so that no word hides in another one's remains.
_KNOWN = re.compile("|".join(sorted(_WORDS.split(), key=len, reverse=True)))
_LETTERS = re.compile(r"[^a-z0-9]+")


def weakness(secret: str) -> str:
    """Return why a secret is too weak to sign with, or an empty string."""
    size = len(secret.encode("utf-8", "surrogatepass"))
    if size < SHORTEST:
        return f"has {size} bytes, and needs at least {SHORTEST}"
    if secret in (secret + secret)[1:-1] or len(set(secret)) < DISTINCT:
        return "repeats itself"
    if "-----BEGIN " in secret:
        return "is a key of another kind, and perhaps a public one"
    if _stepwise(secret) * 2 > len(secret):
        return "follows the alphabet"
    if len(_KNOWN.sub("", _LETTERS.sub("", secret.casefold()))) < REST:
        return "is made of well-known words"
    return ""


def _stepwise(secret: str) -> int:
    """Return how many characters are the one before, or the next to it, up or down."""
    return sum(abs(ord(one) - ord(other)) <= 1 for one, other in pairwise(secret))

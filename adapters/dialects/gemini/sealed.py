"""Other models' signatures as thought signatures of Gemini's.

A ``thoughtSignature`` is bytes in base64, which clients decode, and encode again in the alphabet that they like. What
another provider calls a signature is a text that has to come back letter by letter. So it travels in base64 itself,
behind a word that tells what it was.
"""

from __future__ import annotations

import base64
import binascii
from typing import Literal

Kind = Literal["thinking", "redacted", "call"]
PREFIX = b"sluicegate1:"
"""As many bytes as make up whole groups of base64, so that all sealed signatures begin alike."""
MARK = base64.b64encode(PREFIX)
_KINDS: tuple[Kind, ...] = ("thinking", "redacted", "call")


def sealed(kind: Kind, signature: str) -> str:
    """Return a signature as Gemini's clients take it."""
    return base64.b64encode(b"%b%b:%b" % (PREFIX, kind.encode(), signature.encode("utf-8", "surrogatepass"))).decode()


def unsealed(value: str) -> tuple[Kind | None, str]:
    """Return what was sealed, by its kind; no kind and the same for a signature of Gemini's own."""
    plain = value.replace("-", "+").replace("_", "/").rstrip("=")
    if not plain.startswith(MARK.decode()):
        return None, value
    try:
        found = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        kind, _, signature = found.removeprefix(PREFIX).decode("utf-8", "surrogatepass").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None, value
    return next(((known, signature) for known in _KINDS if known == kind), (None, value))

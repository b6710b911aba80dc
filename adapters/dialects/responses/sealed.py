"""What providers want back and this API has no place for, in the ``encrypted_content`` of reasoning items.

Clients send that back as it came, whatever is in it. What was sealed elsewhere, as by OpenAI, is no other provider's
to read.
"""

from __future__ import annotations

from typing import Literal

Kind = Literal["signature", "redacted", "call"]
_KINDS: tuple[Kind, ...] = ("signature", "redacted", "call")


def sealed(kind: Kind, value: str) -> str:
    """Return a thought's signature, a thought that nobody can read, or the signature of the call that follows."""
    return f"{kind}:{value}"


def unsealed(text: str | None) -> tuple[Kind, str] | None:
    """Return what was sealed here, or None."""
    kind, colon, value = (text or "").partition(":")
    for known in _KINDS:
        if colon and kind == known:
            return known, value
    return None

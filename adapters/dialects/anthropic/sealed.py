"""Where a call's signature goes in a dialect that has no place for it.

Some providers want a signature back with each call, and else refuse the conversation. A ``tool_use`` block has none,
and clients send back what they know of it. But they send ``redacted_thinking`` back as it came, whatever is in it: so a
signature travels in such a block, right before its call.
"""

from __future__ import annotations

PREFIX = "call-signature:"


def sealed(signature: str) -> str:
    """Return a call's signature as the data of a block."""
    return PREFIX + signature


def unsealed(data: str) -> str | None:
    """Return the signature in a block's data, or None if it is a model's own."""
    return data.removeprefix(PREFIX) if data.startswith(PREFIX) else None

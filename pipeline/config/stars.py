"""Names with a star, which stands for any text."""

from __future__ import annotations

STAR = "*"


def star_in(pattern: str, name: str) -> str | None:
    """Return what the one star of a pattern stands for in a name, at least a letter; None if they do not match."""
    before, star, after = pattern.partition(STAR)
    if star and len(name) > len(before) + len(after) and name.startswith(before) and name.endswith(after):
        return name[len(before) : len(name) - len(after)]
    return None

"""Patterns of names, such as a key's allowed models, in which only ``*`` has a meaning."""

from __future__ import annotations

from collections.abc import Iterable


def matches(pattern: str, name: str) -> bool:
    """Say whether all of a name is the pattern, where ``*`` stands for any text. Time is linear in the name."""
    first, *rest = pattern.split("*")
    if not rest:
        return name == pattern
    *middle, last = rest
    at, end = len(first), len(name) - len(last)
    if at > end or not name.startswith(first) or not name.endswith(last):
        return False
    for piece in middle:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def covers(patterns: Iterable[str], other: str) -> bool:
    """Say whether one of the patterns matches all that another one does.

    A star of the other one is matched by stars only, and so is whatever stands in its place.
    """
    return any(matches(pattern, other) for pattern in patterns)


def narrowed(patterns: tuple[str, ...] | None, others: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return patterns for what both sides match; None matches everything.

    Of two that overlap only in part, as ``a*`` and ``*b``, neither is in it: rather too little than too much.
    """
    if patterns is None or others is None:
        return others if patterns is None else patterns
    inner = [one for one in others if covers(patterns, one)]
    return tuple(dict.fromkeys([*inner, *(one for one in patterns if covers(others, one))]))

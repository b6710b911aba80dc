"""How long a provider of the family asks to be left alone, where it sends no ``retry-after``.

Limits tell when they are whole again as seconds, as durations such as ``2m59.56s``, or as a time since the epoch in
seconds or milliseconds; some errors tell it in their own text alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_IN_TEXT = re.compile(r"(?:retry after|try again in) (\d+(?:\.\d+)?) ?(?:s\b|seconds?)", re.IGNORECASE)
_UNITS = (86400.0, 3600.0, 60.0, 1.0, 0.001)
_EPOCH = 1e8
"""Larger numbers are no number of seconds to wait: they are a time."""
_EPOCH_MS = 1e11


def read_reset(headers: Mapping[str, str], names: tuple[str, ...], wall: float) -> float | None:
    """Return the seconds to wait by the first of these headers that makes sense. ``wall``: seconds since the epoch."""
    for name in names:
        if (seconds := _seconds(headers.get(name, ""), wall)) is not None:
            return seconds
    return None


def read_text(message: str) -> float | None:
    """Return the seconds to wait that an error's text names."""
    found = _IN_TEXT.search(message)
    return float(found[1]) if found is not None else None


def _seconds(value: str, wall: float) -> float | None:
    value = value.strip()
    if not value or len(value) > 32:
        return None
    try:
        number = float(value)
    except ValueError:
        return _duration(value)
    if not 0 <= number < 1e15:
        return None
    if number >= _EPOCH_MS:
        return max(0.0, number / 1000 - wall)
    return max(0.0, number - wall) if number >= _EPOCH else number


def _duration(value: str) -> float | None:
    found = _DURATION.fullmatch(value)
    if found is None:
        return None
    return sum(float(count) * unit for count, unit in zip(found.groups(), _UNITS, strict=True) if count)

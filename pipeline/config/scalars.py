"""Plain scalars by YAML 1.2's core schema: what is a number, a boolean, or nothing.

So ``off``, ``10:30``, ``1_000`` and ``2024-01-01`` are text, ``0o17`` is fifteen and ``0777`` is seven hundred and
seventy-seven. https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import math
import re

_WHOLE = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_ENDLESS = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|NaN|-?Infinity")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
# Longer ones are no sensible setting, and Python refuses to read numbers of more than 4300 digits.
_MAX_DIGITS = 40


def is_nothing(text: str) -> bool:
    """Say whether the text means that there is no value."""
    return text in _NOTHING


def boolean(text: str) -> bool | None:
    """Return the boolean that the text is, or None."""
    return _BOOLEANS.get(text)


def whole(text: str) -> int | None:
    """Return the whole number that the text is, or None."""
    if len(text) > _MAX_DIGITS or not _WHOLE.fullmatch(text):
        return None
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def number(text: str) -> float | None:
    """Return the finite number that the text is, or None."""
    if (found := whole(text)) is not None:
        return float(found)
    if len(text) > _MAX_DIGITS or not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def is_number(text: str) -> bool:
    """Say whether the text is any number at all: also one that is too long, or infinite."""
    return any(pattern.fullmatch(text) for pattern in (_WHOLE, _NUMBER, _ENDLESS))

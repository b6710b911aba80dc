"""How long a provider asks to be left alone.

Sources: RFC 9110, section 10.2.3; ``retry-after-ms`` is what OpenAI and Azure send beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime


def read_retry_after(headers: Mapping[str, str], wall: float) -> float | None:
    """Return the seconds to wait that an answer's headers ask for, or None if they ask for none.

    Args:
        headers: With names in lower case.
        wall: Seconds since the epoch, to compare a date with.
    """
    exact = _number(headers.get("retry-after-ms"))
    if exact is not None:
        return exact / 1000.0
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - wall)
    except (ValueError, OverflowError, OSError):
        return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None

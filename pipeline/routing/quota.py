"""What providers say of their own rate limits, in the headers of their answers.

The families of names, in which ``*`` is requests or tokens:

* ``x-ratelimit-limit-*``, ``-remaining-*``, ``-reset-*`` (``6m0s``): OpenAI, Azure, Groq, Mistral, Together
  https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
* ``anthropic-ratelimit-*-limit``, ``-remaining``, ``-reset`` (a date of RFC 3339): Anthropic
  https://docs.anthropic.com/en/api/rate-limits#response-headers
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

COUNTED = ("requests", "tokens", "input-tokens", "output-tokens")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
LONGEST = 3600.0
"""Seconds for which what was said is believed, at most."""


class Quota(NamedTuple):
    """What is left: the smallest share of what is counted, and until when that holds."""

    share: float
    until: float

    def left(self, now: float) -> float:
        """Return the share that is left at ``now``: all of it, once the windows have begun anew."""
        return self.share if now < self.until else 1.0


def quota_in(headers: Mapping[str, str], now: float, wall: Callable[[], float]) -> Quota | None:
    """Return what headers, by their names in lower case, say of quotas, or None if they say nothing.

    Args:
        now: On the clock that `Quota.until` is on.
        wall: Returns the same moment in seconds since the epoch.
    """
    if not any("ratelimit" in name for name in headers):
        return None
    found: list[Quota] = []
    for counted in COUNTED:
        for limit, remaining, reset in (
            (f"x-ratelimit-limit-{counted}", f"x-ratelimit-remaining-{counted}", f"x-ratelimit-reset-{counted}"),
            tuple(f"anthropic-ratelimit-{counted}-{what}" for what in ("limit", "remaining", "reset")),
        ):
            most, left = _number(headers.get(limit)), _number(headers.get(remaining))
            if most and left is not None:
                until = now + min(LONGEST, _seconds(headers.get(reset, ""), wall()))
                found.append(Quota(max(0.0, min(1.0, left / most)), until))
    return min(found, default=None)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def _seconds(text: str, wall: float) -> float:
    """Return the seconds until a reset, as a span or a date; a minute where it cannot be read."""
    spans = _SPAN.findall(text)
    if spans and "".join(amount + unit for amount, unit in spans) == text:
        return sum(float(amount) * _UNITS[unit] for amount, unit in spans)
    try:
        return max(0.0, datetime.fromisoformat(text).timestamp() - wall)
    except ValueError:
        return 60.0

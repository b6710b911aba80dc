"""Moments as people write them, and back."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from sluicegate.pipeline.config.units import read_duration

_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*", re.ASCII)


def read_moment(text: str, now: float) -> float:
    """Return the seconds since the epoch that a text means: a date or time of ISO 8601, seconds, or a time ago.

    What has no zone is UTC. Raises ValueError with what to write.
    """
    written = text.strip()
    if _NUMBER.fullmatch(written):
        return float(written)
    try:
        if _DATE.fullmatch(written):
            # A plus sign in a URL that nobody has encoded arrives as a space.
            moment = datetime.fromisoformat(written.replace(" 0", "+0") if "T" in written else written)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        ago = read_duration(written)
    except ValueError:
        told = "write a time such as 2026-11-25, 2026-11-25T13:00:00Z, seconds since 1970, or 24h for as long ago"
        raise ValueError(f"{text[:64]!r} is no time; {told}") from None
    return max(0.0, now - ago)


def iso(seconds: float) -> str:
    """Return seconds since the epoch as ISO 8601 has them, in UTC, to the millisecond."""
    if not math.isfinite(seconds) or not 0 <= seconds < 253_402_300_800:
        return ""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""Lengths of time as headers and messages write them. Rounded up: who waits as long as is written has waited enough."""

from __future__ import annotations

import math

UNITS = {1.0: "second", 60.0: "minute", 3600.0: "hour", 86400.0: "day"}


def _rounded_up(amount: float) -> int:
    # To a millionth first: 0.02 s is a little more than that in binary, and would be 21 ms.
    return math.ceil(round(amount, 6))


def _parts(seconds: float) -> tuple[int, int, int]:
    minutes, rest = divmod(_rounded_up(seconds), 60)
    return *divmod(minutes, 60), rest


def span(seconds: float) -> str:
    """Return a length as OpenAI's rate-limit headers have it: ``20ms``, ``1s``, ``6m0s``, ``1h0m0s``."""
    if seconds <= 0:
        return "0s"
    if (milliseconds := _rounded_up(seconds * 1000)) < 1000:
        return f"{milliseconds}ms"
    hours, minutes, rest = _parts(seconds)
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def spoken(seconds: float) -> str:
    """Return a length as a message has it: ``20 ms``, ``12 s``, ``6 min``, ``1 h 30 min``."""
    if (milliseconds := _rounded_up(seconds * 1000)) < 1000:
        return f"{milliseconds} ms"
    hours, minutes, rest = _parts(seconds)
    said = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{amount} {unit}" for amount, unit in said if amount)


def per(seconds: float) -> str:
    """Return a window as it stands after "per": ``minute``, or ``30 s``."""
    return UNITS.get(seconds) or spoken(seconds)

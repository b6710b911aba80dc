"""When to ask the same target again: how long to wait first, and when asking again would only add to the load.

Pure: random numbers and times are given. Times are seconds on one monotonic clock.
"""

from __future__ import annotations

from random import Random

LONGEST = 8.0
"""The longest interval that a pause is drawn from, in seconds."""
PATIENCE = 60.0
"""The longest ``retry-after`` that is waited for, in seconds; OpenAI's own clients wait no longer either. A caller can
plan better with an answer at once that says so."""


def backoff(attempt: int, base: float, random: Random) -> float:
    """Return the seconds to wait before attempt ``attempt`` (1 is the first repetition), with full jitter.

    Full jitter spreads clients that failed together over the whole interval:
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

    Args:
        attempt: How many repetitions this makes.
        base: Seconds of the first interval; it doubles up to 8 seconds.
        random: The source of jitter.
    """
    return random.uniform(0.0, min(LONGEST, base * 2.0 ** (attempt - 1)))


class RetryBudget:
    """Lets repetitions be a share of calls at most, so that a failing provider is not asked several times as often.

    Each call puts ``share`` of a token in, each repetition takes one out. A reserve, which time fills too, lets a quiet
    gateway repeat as well. A share of 0 means no repetitions at all.

    Args:
        share: Repetitions to calls.
        reserve: Tokens at the start, and at most.
        refill: Tokens a second that come without a call.
    """

    def __init__(self, share: float = 0.2, *, reserve: float = 10.0, refill: float = 1.0) -> None:
        self._share = share
        self._most = reserve if share > 0.0 else 0.0
        self._refill = refill
        self._tokens = self._most
        self._at = 0.0

    def deposit(self, now: float) -> None:
        """Note a first call at ``now``."""
        self._add(self._share, now)

    def withdraw(self, now: float) -> bool:
        """Say whether a repetition is within the budget at ``now``, and take it out."""
        self._add(0.0, now)
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def _add(self, tokens: float, now: float) -> None:
        grown = max(0.0, now - self._at) * self._refill
        self._at = now
        self._tokens = min(self._most, self._tokens + grown + tokens)

"""How the simulated upstream behaves, and what it draws for one request."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from random import Random

from ..distributions import Distribution, always

MOST_TOKENS = 1_000_000
"""Of one answer."""


class Fate(Enum):
    """What becomes of a request."""

    ANSWER = "answer"
    ERROR = "error"
    """500."""
    LIMIT = "limit"
    """429 with Retry-After."""
    CUT = "cut"
    """The connection ends in the middle of the answer."""
    STALL = "stall"
    """A stream falls silent in its middle, a plain answer never comes; the connection stays open."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn for one request.

    Attributes:
        fate: What becomes of it.
        first: Seconds until the first token.
        tokens: How many there are, at least 1.
        pause: Seconds between two tokens.
    """

    fate: Fate
    first: float
    tokens: int
    pause: float


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How requests are answered.

    Attributes:
        first_token: Seconds until the first token.
        tokens_per_second: The speed of one answer; 0 sends all of it at once.
        tokens: The length of an answer.
        error_rate: The share of requests that end as `Fate.ERROR`; the other shares likewise. They add up to 1 at most.
        retry_after: Seconds that a 429 asks for.
    """

    first_token: Distribution = field(default_factory=lambda: always(0))
    tokens_per_second: Distribution = field(default_factory=lambda: always(0))
    tokens: Distribution = field(default_factory=lambda: always(40))
    error_rate: float = 0.0
    limit_rate: float = 0.0
    cut_rate: float = 0.0
    stall_rate: float = 0.0
    retry_after: float = 1.0

    def __post_init__(self) -> None:
        """Raise ValueError if more than all requests should fail."""
        if not all(0 <= share <= 1 for share in self._shares()) or sum(self._shares()) > 1 + 1e-9:
            raise ValueError("the shares of requests that fail are between 0 and 1, also when added up")

    def _shares(self) -> tuple[float, ...]:
        return self.error_rate, self.limit_rate, self.cut_rate, self.stall_rate

    def fixed(self) -> Drawn | None:
        """Return what is always drawn, or None where it is not always the same."""
        parts = self.first_token.constant, self.tokens.constant, self.tokens_per_second.constant
        if None in parts or any(self._shares()):
            return None
        return self.draw(Random(0))

    def draw(self, random: Random) -> Drawn:
        """Draw for one request."""
        speed = self.tokens_per_second.draw(random)
        return Drawn(
            self._fate(random),
            self.first_token.draw(random),
            min(max(1, round(self.tokens.draw(random))), MOST_TOKENS),
            1 / speed if speed else 0.0,
        )

    def _fate(self, random: Random) -> Fate:
        luck = random.random()
        for share, fate in zip(self._shares(), (Fate.ERROR, Fate.LIMIT, Fate.CUT, Fate.STALL), strict=True):
            if luck < share:
                return fate
            luck -= share
        return Fate.ANSWER

"""What strategies choose among, and what they are told of the moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from ..exchange import Target
from .observed import Observed, Seen


@dataclass(frozen=True, slots=True)
class Member:
    """One of those to choose among: a target, or an entry of ``models:`` with targets of its own.

    Attributes:
        name: As the configuration writes it.
        weight: Its part, beside the weights of the others.
        targets: Itself, or all those that it may lead to.
    """

    name: str
    weight: int
    targets: tuple[Target, ...]


@dataclass(slots=True)
class Moment:
    """What a choice is made by.

    Attributes:
        now: Seconds on the clock of what has been seen.
        stream: Whether the answer is to be streamed.
        random: Where chance comes from.
        turn: Returns how many choices a group, by its name, has made before this one: a number for each.
        sticky: Returns what a group's choices stick to, such as a user's name; empty for nothing.
        price: Returns about what a target would take for this request, in nano-dollars; None if nobody knows.
    """

    now: float
    stream: bool
    observed: Observed
    random: Random
    turn: Callable[[str], int]
    sticky: Callable[[], str] = field(default=lambda: "")
    price: Callable[[Target], int | None] = field(default=lambda _: None)

    def seen(self, member: Member) -> list[Seen]:
        """Return what has been seen of a member's targets."""
        return [seen for target in member.targets if (seen := self.observed.of(target)) is not None]

    def in_flight(self, member: Member) -> int:
        """Return how many calls of a member are under way."""
        return sum(seen.in_flight for seen in self.seen(member))

    def waited(self, member: Member) -> float | None:
        """Return the seconds that a member's fastest target takes, or None while that is not known."""
        times = [seen.waited(stream=self.stream) for seen in self.seen(member)]
        return min((time for time in times if time is not None), default=None)

    def left(self, member: Member) -> float:
        """Return the share of its quota that is left to a member; all of it where nothing is known."""
        shares = [seen.quota.left(self.now) for seen in self.seen(member) if seen.quota is not None]
        return max(shares) if len(shares) == len(member.targets) else 1.0

    def cost(self, member: Member) -> int | None:
        """Return the least nano-dollars that a member would take, or None if nobody knows."""
        costs = [cost for target in member.targets if (cost := self.price(target)) is not None]
        return min(costs, default=None)

    def success(self, member: Member) -> float | None:
        """Return the share of a member's calls that went well lately, or None while that is not known."""
        shares = [share for seen in self.seen(member) if (share := seen.success(self.now)) is not None]
        return max(shares) if shares and len(shares) == len(member.targets) else None

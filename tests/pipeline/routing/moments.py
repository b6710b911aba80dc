"""Members to choose among, and moments to choose in."""

from collections.abc import Callable, Sequence
from itertools import count
from random import Random

from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.routing.members import Member, Moment
from sluicegate.pipeline.routing.observed import Observed

SEED = 20261125


def members(*weights: int) -> list[Member]:
    return [Member(name, weight, (target(name),)) for name, weight in zip("abcdefgh", weights, strict=False)]


def target(name: str) -> Target:
    return Target(name, "model")


def moment(
    observed: Observed | None = None,
    *,
    now: float = 0.0,
    stream: bool = True,
    random: Random | None = None,
    sticky: str = "",
    price: Callable[[Target], int | None] = lambda _: None,
    turns: Sequence[int] = (),
) -> Moment:
    numbers = iter(turns) if turns else count()
    return Moment(
        now,
        stream,
        observed or Observed(),
        random or Random(SEED),
        turn=lambda _: next(numbers),
        sticky=lambda: sticky,
        price=price,
    )

"""The graph of hops that a list of stages means. Every edge points forward.

::

    REQUEST:  first -> ... -> call        a refusal or an answer leaves from any hop
    REPLY:    first -> ... -> last        and joins here; after it the carrier has its exchange back
    SETTLE:   hooks -> ... -> last        once, after the end
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .gauge import HopGauge
from .hop import Hop
from .settle import Hooks, SettleHop, SettleLane
from .stage import JudgingStage, Lane, WaitingStage
from .waits import Waits

SETTLERS = 64
"""How many exchanges may wait in one SETTLE stage at once, unless it says otherwise."""
SETTLE_ROOM = 4096
"""What an inbox of the SETTLE lane holds at least: refused exchanges pass it too, and do not count as in flight."""
_ORDER = {Lane.REQUEST: 0, Lane.REPLY: 1, Lane.SETTLE: 2}


class InvalidTopology(ValueError):
    """The stages cannot be joined as listed."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A stage and where it stands."""

    name: str
    lane: Lane
    stage: Any
    permits: int | None = None
    """How many exchanges may wait in it at once; None for as many as are admitted."""


@dataclass(frozen=True, slots=True)
class Topology:
    """Hops joined into lanes.

    Attributes:
        front: The inbox that every exchange enters by.
        on_reply: The first hop of the REPLY lane, or None where no stage stands in it.
        hops: The hops of the REQUEST and REPLY lanes, in order.
        settle: The SETTLE lane.
    """

    front: Hop
    on_reply: Hop | None
    hops: tuple[Hop, ...]
    settle: SettleLane

    def gauges(self) -> list[HopGauge]:
        """Return the figures of every hop, in order."""
        return [hop.gauge for hop in (*self.hops, *self.settle.hops)]


def compile_topology(
    stages: Sequence[Placed], *, max_in_flight: int, settle_timeout: float = 10.0, settle_room: int = SETTLE_ROOM
) -> Topology:
    """Join stages by channels.

    Args:
        stages: In the order of the pipeline: REQUEST, then REPLY, then SETTLE.
        max_in_flight: How many exchanges are admitted; every inbox holds as many, so that none blocks the one before.
        settle_timeout: Seconds that one stage may take to settle one exchange; fewer when the gateway ends.
        settle_room: How many exchanges an inbox of the SETTLE lane holds, unless twice ``max_in_flight`` is more.

    Raises:
        InvalidTopology: There is no REQUEST stage, lanes are out of order, or a stage has neither judge nor attend, or
            an async judge, or no permit.
    """
    _check(stages)
    joined = [
        Hop(s.name, s.lane, s.stage, capacity=max_in_flight, permits=s.permits or max_in_flight)
        for s in stages
        if s.lane is not Lane.SETTLE
    ]
    on_reply = next((hop for hop in joined if hop.lane is Lane.REPLY), None)
    for hop, after in zip(joined, [*joined[1:], None], strict=True):
        hop.after = after
        hop.on_reply = on_reply if hop.lane is Lane.REQUEST else after
    # Twice the room of the other inboxes: an exchange that is being settled no longer counts as in flight.
    room = max(2 * max_in_flight, settle_room)
    waits = Waits()
    settling = [
        SettleHop(s.name, s.stage, capacity=room, permits=s.permits or SETTLERS, timeout=settle_timeout, waits=waits)
        for s in stages
        if s.lane is Lane.SETTLE
    ]
    first = Hooks(settle_timeout, waits)
    hooks = SettleHop("hooks", first, capacity=room, permits=SETTLERS, timeout=None, waits=waits)
    return Topology(joined[0], on_reply, tuple(joined), SettleLane([hooks, *settling], waits))


def _check(stages: Sequence[Placed]) -> None:
    if not any(placed.lane is Lane.REQUEST for placed in stages):
        raise InvalidTopology("a pipeline needs at least one stage in the REQUEST lane")
    for before, after in pairwise(stages):
        if _ORDER[before.lane] > _ORDER[after.lane]:
            raise InvalidTopology(
                f"stage {after.name!r} is in the {after.lane.name} lane and cannot stand after "
                f"{before.name!r}, which is in the {before.lane.name} lane"
            )
    for placed in stages:
        if not isinstance(placed.stage, JudgingStage | WaitingStage):
            raise InvalidTopology(f"stage {placed.name!r} has neither judge nor attend")
        if inspect.iscoroutinefunction(getattr(placed.stage, "judge", None)):
            raise InvalidTopology(f"stage {placed.name!r} has an async judge: what waits belongs into attend")
        if placed.permits is not None and placed.permits < 1:
            raise InvalidTopology(f"stage {placed.name!r} has {placed.permits} permits; it needs one to wait at all")

"""What differs between what two configurations make of the same requests.

Each configuration gets the traffic twice. Once while time stands still during work: what happens then depends on
nothing but the configuration and the recording, and is what is compared. And once while work takes its time, for the
latencies of the stages, which are this machine's and vary from run to run; they are told, and never count as a change.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil

from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.take import Take

from .clock import SkippingClock, WorkingClock
from .rerun import Result, keys_of, playable, rerun
from .tape import Tape

EXAMPLES = 5
"""Takes that are named for each change."""
QUANTILES = (0.5, 0.9, 0.99, 1.0)


@dataclass(slots=True)
class Change:
    """One way in which requests changed, and how many did. ``takes`` are places in the cassette, from 0 on."""

    old: str
    new: str
    count: int = 0
    takes: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds at the quantiles of each side; none where there was nothing to measure."""

    old: tuple[float, ...]
    new: tuple[float, ...]


@dataclass(slots=True)
class Difference:
    """All that differs.

    Attributes:
        takes: How many there are.
        played: How many of them could be asked again.
        changed: How many of those came out differently.
        as_recorded: How many came out with the recorded status and code, by side.
        changes: By kind: ``routes`` (the plan), ``served`` (the target that answered), ``refusals``, ``failures``,
            ``cache`` and ``costs``.
        missing_keys: Names of callers' keys that a side does not have, and how many requests came with them.
        cost: Nano-dollars of all requests whose cost is known, by side.
        unpriced: How many requests have a cost that is not known, by side.
        answers: Seconds to the end of good answers, upstreams included.
        first_contents: Seconds to the first content of streams.
        pipeline: Seconds in the gateway before the answer, without what upstreams took.
        stages: The same by stage.
    """

    takes: int
    played: int
    changed: int = 0
    as_recorded: dict[str, int] = field(default_factory=dict)
    changes: dict[str, list[Change]] = field(default_factory=dict)
    missing_keys: dict[str, dict[str, int]] = field(default_factory=dict)
    cost: dict[str, int] = field(default_factory=dict)
    unpriced: dict[str, int] = field(default_factory=dict)
    answers: Latency = Latency((), ())
    first_contents: Latency = Latency((), ())
    pipeline: Latency = Latency((), ())
    stages: dict[str, Latency] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether anything changed: latencies alone are no change."""
        return bool(self.changed) or self.missing_keys["old"] != self.missing_keys["new"]


Told = Callable[[Result], str]
KINDS: dict[str, Told] = {
    "routes": lambda result: result.plan,
    "served": lambda result: result.served,
}
"""What is compared where both sides have it: what was refused, or answered from the cache, has no plan."""


def diff(old: GatewayConfig, new: GatewayConfig, takes: Sequence[Take]) -> Difference:
    """Return what differs between two configurations on the same recorded traffic.

    No upstream is called: they answer as they did when it was recorded. It runs trio itself.

    Raises:
        ConfigError: A stage or provider finds that its settings cannot be used.
    """
    tape = Tape(takes)
    day = time.time()
    before, after = (rerun(config, tape, SkippingClock(), day=day) for config in (old, new))
    difference = Difference(len(takes), sum(map(playable, takes)))
    for place, (was, now) in enumerate(zip(before, after, strict=True)):
        if was is not None and now is not None and _compare(difference, place, was, now):
            difference.changed += 1
    for side, config, results in (("old", old, before), ("new", new, after)):
        pairs = zip(takes, results, strict=True)
        difference.as_recorded[side] = sum(
            result is not None and (result.status, result.code) == (take.status, take.code) for take, result in pairs
        )
        costs = [result.cost for result in results if result is not None]
        difference.cost[side] = sum(cost for cost in costs if cost is not None)
        difference.unpriced[side] = costs.count(None)
        known = keys_of(config)
        difference.missing_keys[side] = dict(Counter(take.key for take in takes if take.key and take.key not in known))
    _measure(difference, before, after)
    _measure_work(difference, *(rerun(config, tape, WorkingClock(), day=day) for config in (old, new)))
    return difference


def _compare(difference: Difference, place: int, was: Result, now: Result) -> bool:
    """Note how one request changed, and say whether it did."""
    changed = False
    if _ending(was) != _ending(now):
        kind = "failures" if _failed(was) or _failed(now) else "refusals"
        _note(difference, kind, _ending(was), _ending(now), place)
        changed = True
    elif was.cache != now.cache:
        _note(difference, "cache", was.cache or "not asked", now.cache or "not asked", place)
        changed = True
    elif was.cost != now.cost:
        _note(difference, "costs", was.served or "nobody", f"{now.served or 'nobody'}: {_dearer(was, now)}", place)
        changed = True
    for kind, told in KINDS.items():
        one, other = told(was), told(now)
        if one != other and one and other:
            _note(difference, kind, one, other, place)
            changed = True
    return changed


def _dearer(was: Result, now: Result) -> str:
    """Return in which way two costs differ."""
    if was.cost is None or now.cost is None:
        return "of unknown cost" if now.cost is None else "of known cost"
    return "dearer" if now.cost > was.cost else "cheaper"


def _ending(result: Result) -> str:
    if result.outcome == "ok":
        return "answered" if result.status == 200 else f"answered {result.status}"
    return f"{result.status} {result.code}" if result.code is not None else str(result.status)


def _failed(result: Result) -> bool:
    """Say whether a request failed, and was not only refused: an upstream was asked, or something broke."""
    return result.outcome == "failed" and (result.asked or result.status >= 500)


def _note(difference: Difference, kind: str, old: str, new: str, place: int) -> None:
    changes = difference.changes.setdefault(kind, [])
    change = next((one for one in changes if (one.old, one.new) == (old, new)), None)
    if change is None:
        changes.append(change := Change(old, new))
    change.count += 1
    if len(change.takes) < EXAMPLES:
        change.takes.append(place)


def _measure(difference: Difference, before: Sequence[Result | None], after: Sequence[Result | None]) -> None:
    good = [[result for result in side if result is not None and result.outcome == "ok"] for side in (before, after)]
    difference.answers = Latency(*(_quantiles(one.duration for one in side) for side in good))
    difference.first_contents = Latency(
        *(_quantiles(one.first for one in side if one.first is not None) for side in good)
    )


def _measure_work(difference: Difference, before: Sequence[Result | None], after: Sequence[Result | None]) -> None:
    sides = [[result for result in side if result is not None] for side in (before, after)]
    difference.pipeline = Latency(*(_quantiles(one.pipeline for one in side) for side in sides))
    names = dict.fromkeys(name for side in sides for one in side for name in one.stages)
    difference.stages = {
        name: Latency(*(_quantiles(one.stages[name] for one in side if name in one.stages) for side in sides))
        for name in names
    }


def _quantiles(values: Iterable[float]) -> tuple[float, ...]:
    """Return the values at the quantiles: each is one that was measured."""
    ordered = sorted(values)
    return tuple(ordered[max(0, ceil(q * len(ordered)) - 1)] for q in QUANTILES) if ordered else ()

"""Which windows and slots a request counts in: of the caller's key, user and team, of a model, of a provider."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from enum import IntEnum

import msgspec

from sluicegate.pipeline.caller import Allowance, Budget, Limits
from sluicegate.pipeline.store import Slot, Window

from .periods import FOR_GOOD, Span, span_of


class Measure(IntEnum):
    """What a window counts; also the place of its amount among the three."""

    REQUESTS = 0
    TOKENS = 1
    COST = 2


Amounts = tuple[int, int, int]
"""So many requests, tokens and nano-dollars, by `Measure`."""
Needs = tuple[bool, bool]
"""Whether a request takes tokens, and whether it takes money."""


class Owner(msgspec.Struct, frozen=True):
    """Whose a limit is: a ``key``, ``user``, ``team``, ``model`` or ``provider``. An anonymous key has no name."""

    kind: str
    id: str
    name: str


class Rule(msgspec.Struct, frozen=True):
    """One window, and whose it is. Of a budget, ``budget`` says which, and ``span`` for when."""

    owner: Owner
    measure: Measure
    window: Window
    budget: Budget | None = None
    span: Span = FOR_GOOD


class Hold(msgspec.Struct, frozen=True):
    """One limit of how many requests are under way, and whose it is."""

    owner: Owner
    slot: Slot


class Rules:
    """All windows of one hit, and all slots, ready-made.

    Attributes:
        requests: The places of the windows that count requests, and ``tokens`` of those that count these.
    """

    __slots__ = ("_by_changed", "_measures", "holds", "requests", "rules", "slots", "tokens", "windows")

    def __init__(self, rules: Iterable[Rule], holds: Iterable[Hold]) -> None:
        self.rules = tuple(rules)
        self.holds = tuple(holds)
        self.windows = tuple(rule.window for rule in self.rules)
        self.slots = tuple(hold.slot for hold in self.holds)
        self._measures = tuple(rule.measure for rule in self.rules)
        self._by_changed: dict[tuple[bool, bool, bool], tuple[tuple[Window, ...], tuple[Measure, ...]]] = {}
        self.requests = self._places(Measure.REQUESTS)
        self.tokens = self._places(Measure.TOKENS)

    def __bool__(self) -> bool:
        return bool(self.windows or self.slots)

    def each(self, amounts: Amounts) -> tuple[int, ...]:
        """Return the amount for each window."""
        return tuple([amounts[measure] for measure in self._measures])

    def changed(self, change: Amounts) -> tuple[tuple[Window, ...], tuple[int, ...]]:
        """Return the windows that a change is one for, and the change of each."""
        by_what = self._by_changed.get(key := (change[0] != 0, change[1] != 0, change[2] != 0))
        if by_what is None:
            places = [place for place, measure in enumerate(self._measures) if key[measure]]
            windows = tuple(self.windows[place] for place in places)
            by_what = self._by_changed[key] = windows, tuple(self._measures[place] for place in places)
        return by_what[0], tuple([change[measure] for measure in by_what[1]])

    def rule_of(self, window: Window) -> Rule:
        """Return the first rule with this window."""
        return self.rules[self.windows.index(window)]

    def _places(self, measure: Measure) -> tuple[int, ...]:
        return tuple(place for place, rule in enumerate(self.rules) if rule.measure is measure)


class Ruleset:
    """All that holds for requests of one kind, until the period of one of the budgets ends.

    Attributes:
        ends: When it is to be made anew, in seconds since the epoch.
        tokens: Whether any window counts tokens, and ``cost`` whether any counts money.
    """

    __slots__ = ("_all", "_by_needs", "cost", "ends", "tokens")

    def __init__(self, rules: Iterable[Rule], holds: Iterable[Hold]) -> None:
        self._all = Rules(rules, holds)
        self._by_needs: dict[Needs, Rules] = {}
        found = self._all.rules
        self.tokens = any(rule.measure is Measure.TOKENS for rule in found)
        self.cost = any(rule.measure is Measure.COST for rule in found)
        self.ends = min((rule.span.end for rule in found), default=math.inf)

    def __bool__(self) -> bool:
        return bool(self._all)

    def of(self, needs: Needs) -> Rules:
        """Return the rules for what a request takes: one that takes no money is not held up by a spent budget."""
        rules = self._by_needs.get(needs)
        if rules is None:
            wanted = {Measure.REQUESTS} | {
                measure for measure, needed in zip((Measure.TOKENS, Measure.COST), needs, strict=True) if needed
            }
            chosen = (rule for rule in self._all.rules if rule.measure in wanted)
            rules = self._by_needs[needs] = Rules(chosen, self._all.holds)
        return rules


def rules_for(owner: Owner, allowance: Allowance, now: float) -> Iterator[Rule]:
    """Yield the rules of an allowance. ``now`` is in seconds since the epoch."""
    whose = _tag(owner)
    limits: tuple[tuple[Measure, Limits | None], ...] = (
        (Measure.REQUESTS, allowance.requests),
        (Measure.TOKENS, allowance.tokens),
        (Measure.COST, allowance.cost),
    )
    for measure, several in limits:
        for count, seconds in several or ():
            yield Rule(owner, measure, Window(f"limit:{measure.name.lower()}:{whose}", count, seconds))
    for budget in allowance.budgets:
        span = span_of(budget.period, now)
        window = Window(f"budget:{whose}:{span.name}", budget.amount, math.inf, seeded=True)
        yield Rule(owner, Measure.COST, window, budget, span)


def holds_for(owner: Owner, allowance: Allowance) -> Iterator[Hold]:
    """Yield the limit of requests under way, if there is one."""
    if allowance.concurrency is not None:
        yield Hold(owner, Slot(f"limit:concurrency:{_tag(owner)}", allowance.concurrency))


def _tag(owner: Owner) -> str:
    """Return what the keys of one owner's windows have in common: stores keep what has the same tag together."""
    return f"{{{owner.kind}:{owner.id}}}"


def joined(own: Allowance, general: Allowance) -> Allowance:
    """Return what somebody may use: their own limits, and for what these leave open the general ones."""
    periods = {budget.period for budget in own.budgets}
    return Allowance(
        requests=general.requests if own.requests is None else own.requests,
        tokens=general.tokens if own.tokens is None else own.tokens,
        cost=general.cost if own.cost is None else own.cost,
        concurrency=general.concurrency if own.concurrency is None else own.concurrency,
        budgets=own.budgets + tuple(budget for budget in general.budgets if budget.period not in periods),
    )

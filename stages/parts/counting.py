"""Counting what is reserved for a request, and settling it with what was used: the waiting, and what fails of it.

A store that is away costs no more than its own patience. Then a use that is ``open`` goes on uncounted, which is logged
from time to time, and one that is not is refused. What could not be settled is kept, within a bound, and settled behind
the next that can be.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, TypeVarTuple

import trio

from sluicegate.pipeline.errors import GatewayError, StoreUnavailable
from sluicegate.pipeline.ledger import Ledger
from sluicegate.pipeline.store import Admission, Standing, Store, Window, at_once

from .limit_rules import Amounts, Hold, Rule, Rules
from .settlements import Settlements
from .settlers import Settlers

LONGEST = 2.0
"""Seconds that one answer of a store is waited for, should it have more patience than that itself."""
MAX_SEEDINGS = 3
"""How often counters may turn out to lack their base for one request; once, unless a store loses them right then."""
T = TypeVar("T")
Given = TypeVarTuple("Given")


@dataclass(slots=True, eq=False)
class Reservation:
    """What is counted and held for one request or one call.

    Attributes:
        amounts: What is reserved.
        holder: Who holds the slots; unique.
        ttl: Seconds after which slots are free even if nobody releases them.
        admission: Of the windows, once they have counted it.
        held: Whether slots may be held.
        uncounted: Whether it goes on although the store is away.
    """

    rules: Rules
    amounts: Amounts
    holder: str
    ttl: float
    admission: Admission | None = None
    held: bool = False
    uncounted: bool = False

    @property
    def standings(self) -> Sequence[Standing]:
        """Where the windows of the rules stood after it was counted."""
        return self.admission.standings if self.admission is not None else ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A window without room, or a slot that is full. Nothing was counted."""

    rules: Rules
    amounts: Amounts
    hold: Hold | None = None
    admission: Admission = field(default_factory=lambda: Admission(()))

    @property
    def rule(self) -> Rule:
        """The rule that refuses, where it is no slot."""
        return self.rules.rule_of(self.standing.window)

    @property
    def standing(self) -> Standing:
        """Where its window stands."""
        if self.admission.refused_by is None:
            raise ValueError("a slot has refused, and no window")
        return self.admission.refused_by


Missing = tuple[Window, ...]
"""Windows that need a base before anything can be counted."""


class Counting:
    """Counts in one store, by one policy for when it is away.

    Args:
        what: What counts, for the log.
        is_open: Whether to go on uncounted while the store is away.
        clock: Seconds, never going back.
    """

    def __init__(
        self, what: str, store: Store, ledger: Ledger, *, is_open: bool, clock: Callable[[], float] = trio.current_time
    ) -> None:
        self.immediate = store.immediate
        self._store = store
        self._ledger = ledger
        self._open = is_open
        self._settlements = Settlements(what, store, clock)
        self._settlers = Settlers()
        self._seeding = trio.Lock()

    async def count(self, reservation: Reservation) -> Refusal | Missing | None:
        """Count and hold what is reserved, in one round trip or, with slots, two. A checkpoint where the store waits.

        Returns:
            None if it is done; else nothing is counted and nothing held.

        Raises:
            StoreUnavailable: It is not known what was counted.
        """
        rules = reservation.rules
        if rules.slots:
            reservation.held = True
            full = await self._store.hold(rules.slots, reservation.holder, reservation.ttl)
            if full is not None:
                reservation.held = False
                hold = rules.holds[rules.slots.index(full)]
                return Refusal(rules, reservation.amounts, hold)
        if not rules.windows:
            return None
        admission = await self._store.hit(rules.windows, rules.each(reservation.amounts))
        if admission.refused_by is None and not admission.missing:
            reservation.admission = admission
            return None
        await self._release(reservation)
        if admission.missing:
            return admission.missing
        return Refusal(rules, reservation.amounts, admission=admission)

    async def admit(self, reservation: Reservation) -> Refusal | None:
        """Count what is reserved, and wait for the store, and for the ledger where that has to say what was spent.

        What the store is asked for is seen through even if the request is given up meanwhile: what it has counted could
        not be settled otherwise. A checkpoint.

        Raises:
            StoreUnavailable: The store is away, or the ledger is, and this is not ``open``.
        """
        try:
            outcome = await self._within_patience(self.count, reservation)
            if isinstance(outcome, tuple):
                outcome = await self._seeded(reservation, outcome)
        except StoreUnavailable as error:
            if not self._open:
                raise
            self._settlements.complain(error)
            reservation.uncounted = True
            return None
        return outcome

    def settle(self, reservation: Reservation, change: Amounts) -> Coroutine[Any, Any, None] | None:
        """Count so much more or less, and release what is held. Does it at once, or returns what has to be awaited.

        What is awaited may settle for others too, and others may settle this.
        """
        settling = self._settling(reservation, change)
        if settling is None:
            return None
        if not self.immediate:
            return self._settlers.leave(settling)
        at_once(settling())
        return None

    async def settle_alone(self, reservation: Reservation, change: Amounts) -> None:
        """Do that for one call, and nothing for others; it is seen through even where its request is given up.

        A checkpoint where the store waits.
        """
        settling = self._settling(reservation, change)
        if settling is not None:
            with trio.CancelScope(deadline=trio.current_time() + LONGEST, shield=True):
                await settling()

    def _settling(self, reservation: Reservation, change: Amounts) -> Callable[[], Coroutine[Any, Any, None]] | None:
        windows, changes = reservation.rules.changed(change) if reservation.admission is not None else ((), ())
        if not reservation.held and not windows:
            return None
        return partial(self._settle, reservation, windows, changes)

    async def _settle(self, reservation: Reservation, windows: tuple[Window, ...], changes: tuple[int, ...]) -> None:
        admission, reservation.admission = reservation.admission, None
        if admission is not None and windows:
            await self._settlements.adjust(windows, admission, changes)
        await self._release(reservation)

    async def _release(self, reservation: Reservation) -> None:
        if not reservation.held:
            return
        reservation.held = False
        # What is not released ends with its time to live.
        with suppress(StoreUnavailable):
            await self._store.release(reservation.rules.slots, reservation.holder)

    async def _seeded(self, reservation: Reservation, missing: Missing) -> Refusal | None:
        """Learn what was spent, one request after the other, and count again. A checkpoint."""
        async with self._seeding:
            outcome: Refusal | Missing | None = missing
            for _ in range(MAX_SEEDINGS):
                # Who came first may have seeded meanwhile.
                outcome = await self._within_patience(self.count, reservation)
                if not isinstance(outcome, tuple):
                    return outcome
                for window in outcome:
                    rule = reservation.rules.rule_of(window)
                    spent = await self._spent(rule)
                    await self._within_patience(self._store.seed, window, spent)
            outcome = await self._within_patience(self.count, reservation)
        if isinstance(outcome, tuple):
            raise StoreUnavailable(f"the store does not keep the counter of {outcome[0].key!r}")
        return outcome

    async def _spent(self, rule: Rule) -> int:
        try:
            return await self._ledger.spent(rule.owner.kind, rule.owner.id, rule.span.begin)
        except GatewayError as error:
            raise StoreUnavailable(f"the ledger cannot say what was spent: {error.message}") from error

    async def _within_patience(self, work: Callable[[*Given], Coroutine[Any, Any, T]], *given: *Given) -> T:
        """Ask the store. It is not given up for a request that is: only if it takes too long."""
        if self.immediate:
            return await work(*given)
        # `move_on_after` is the same, and takes a generator more for each request.
        with trio.CancelScope(deadline=trio.current_time() + LONGEST, shield=True):
            return await work(*given)
        raise StoreUnavailable(f"the store did not answer within {LONGEST:g} s")

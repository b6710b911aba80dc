"""Limits in a test's hand: its clock, prices, ledger and stores that fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import trio

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.caller import Allowance, Caller, Subject
from sluicegate.pipeline.config.convert import convert
from sluicegate.pipeline.errors import RateLimited, StoreUnavailable
from sluicegate.pipeline.exchange import Attempt, Exchange, Target
from sluicegate.pipeline.ledger import Row
from sluicegate.pipeline.life import State
from sluicegate.pipeline.pricing import Price, Rates
from sluicegate.pipeline.provider import Provider
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict
from sluicegate.pipeline.store import Admission, Amounts, Slot, Store, Window
from sluicegate.stages.limit import Limit, LimitSettings
from tests.conformance.waiting_store import WaitingStore
from tests.stages.exchanges import asking, attempt, provider

MICRO = Price(Rates(input=10**9, output=10**9))
"""$1 for a million tokens: a thousand nano-dollars each."""
TARGET = Target("openai", "gpt-4o")
NOON = 1_790_251_200.0
"""2026-09-24 12:00:00 UTC."""


class Hand:
    """A clock in the test's hand."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class PricesOf:
    """Prices by the names of models; others have none."""

    def __init__(self, **prices: Price) -> None:
        self._prices = {name.replace("_", "-"): price for name, price in prices.items()}

    def of(self, provider_type: str, provider: str, model: str, at: float) -> Price | None:
        return self._prices.get(model)


class Spent:
    """A ledger that knows what was spent, and notes who asked; an exception is raised in its place."""

    def __init__(self, nanos: int | Exception = 0, wait: float = 0.0) -> None:
        self.nanos = nanos
        self.wait = wait
        self.asked: list[tuple[str, str, float]] = []

    def record(self, rows: Sequence[Row]) -> None:
        raise AssertionError("limits record nothing")

    async def spent(self, kind: str, id: str, since: float) -> int:
        self.asked.append((kind, id, since))
        await trio.sleep(self.wait)
        if isinstance(self.nanos, Exception):
            raise self.nanos
        return self.nanos

    async def run(self) -> None:
        """Do nothing: it is no ledger that writes."""

    async def aclose(self) -> None:
        """Do nothing: there is nothing to write."""


class FailingStore(WaitingStore):
    """A store that is away while ``away`` says so, by the names of its methods, or hangs for ``hang`` seconds."""

    def __init__(self, inner: MemoryStore) -> None:
        super().__init__(inner)
        self.away: set[str] = set()
        self.hang = 0.0
        self.asked: list[str] = []

    async def _pass(self, what: str) -> None:
        self.asked.append(what)
        await trio.sleep(self.hang)
        if what in self.away:
            raise StoreUnavailable("store 'redis' does not answer")

    async def hit(self, windows: Sequence[Window], amount: Amounts = 1) -> Admission:
        await self._pass("hit")
        return await super().hit(windows, amount)

    async def adjust(self, windows: Sequence[Window], admission: Admission, change: Amounts) -> None:
        await self._pass("adjust")
        await super().adjust(windows, admission, change)

    async def hold(self, slots: Sequence[Slot], owner: str, ttl: float) -> Slot | None:
        await self._pass("hold")
        return await super().hold(slots, owner, ttl)

    async def release(self, slots: Sequence[Slot], owner: str) -> None:
        await self._pass("release")
        await super().release(slots, owner)


def resources_for(
    store: Store,
    *,
    providers: Mapping[str, Provider] | None = None,
    prices: Mapping[str, Price] | None = None,
    wall: Hand | None = None,
    **more: Any,
) -> Resources:
    return Resources(
        providers={"openai": provider("openai")} if providers is None else providers,
        stores={"memory": store},
        prices=PricesOf(**({"gpt_4o": MICRO} if prices is None else prices)),
        wall=wall or Hand(NOON),
        **more,
    )


def limit_of(store: Store, settings: Mapping[str, Any], **resources: Any) -> Limit:
    """The stage with settings as a file has them."""
    return Limit(convert(LimitSettings, settings), resources_for(store, **resources))


def key(name: str = "ci", *, user: Subject | None = None, team: Subject | None = None, **allowance: Any) -> Caller:
    subjects = (Subject("key", name, name, Allowance(**allowance)), *filter(None, (user, team)))
    return Caller(tenant=name, key_name=name, subjects=subjects)


def admitted(stage: Limit, caller: Caller, **fields: object) -> Exchange:
    exchange = asking(caller=caller, **fields)  # type: ignore[arg-type]
    assert stage.judge(exchange) is Verdict.PASS
    return exchange


def refusal_of(stage: Limit, caller: Caller, **fields: object) -> tuple[RateLimited, Exchange]:
    exchange = asking(caller=caller, **fields)  # type: ignore[arg-type]
    with pytest.raises(RateLimited) as refusal:
        stage.judge(exchange)
    return refusal.value, exchange


def used(exchange: Exchange, tokens: int, *, cost: int | None = None, output: int = 0, **more: Any) -> Attempt:
    """Note a call that has used tokens; its price is `MICRO` unless told."""
    made = attempt(exchange, TARGET, ended=1.0, **more)
    made.usage = Usage(input=tokens, output=output)
    made.cost = (tokens + output) * 1000 if cost is None else cost
    return made


async def finish(exchange: Exchange, outcome: State = State.OK) -> None:
    """End an exchange, and wait for what its hooks wait for."""
    for state in (State.REPLYING, State.SENDING):
        exchange.enter(state)
    exchange.end(outcome, 1.0)
    while exchange.on_settle:
        waiting = exchange.on_settle.pop()(exchange)
        if waiting is not None:
            await waiting

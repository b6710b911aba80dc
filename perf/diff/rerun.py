"""The recorded requests once more, through a whole gateway in this process, at the times at which they came."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
import trio

from sluicegate.adapters.http.headers import timeout_of
from sluicegate.assembly import build
from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.passing import PASSED
from sluicegate.pipeline.registry import Registry
from sluicegate.pipeline.reply import Batch
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.decode import OPERATIONS
from sluicegate.pipeline.schemas.forms import FORMS
from sluicegate.pipeline.take import Take
from sluicegate.stages.auth import AuthSettings
from sluicegate.stages.parts.account import account

from .clock import SkippingClock
from .played import play_providers
from .tape import Tape

APART = 2.0**-20
"""Seconds between two arrivals at least: what is due at one moment trio starts in any order, which may matter."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one request. Times are seconds.

    Attributes:
        outcome: ``ok``, ``failed`` or ``cancelled``.
        asked: Whether an upstream was.
        plan: The strategy and the targets, or an empty string where no plan was made.
        served: The target that answered, or an empty string.
        cache: What the cache did.
        duration: From arrival to end.
        first: From arrival to the first content of a stream.
        stages: Work by stage, without what upstreams took.
        pipeline: From arrival to the answer, without what upstreams took.
        cost: Nano-dollars; None where a price is not known.
    """

    outcome: str
    status: int
    code: str | None
    asked: bool
    plan: str
    served: str
    cache: str
    duration: float
    first: float | None
    stages: dict[str, float] = field(default_factory=dict)
    pipeline: float = 0.0
    cost: int | None = 0


def playable(take: Take) -> bool:
    """Say whether a take can be asked again: one that was recorded without its body, or its files, cannot."""
    if take.operation in FORMS or take.operation in PASSED:
        return False
    return bool(take.body) or take.operation not in OPERATIONS or take.code == "invalid_json"


def keys_of(config: GatewayConfig) -> dict[str, str]:
    """Return the callers' keys of a configuration by their names; of several with one name the first that is good."""
    settings = dict(config.stages).get("auth")
    keys: dict[str, str] = {}
    if isinstance(settings, AuthSettings) and settings.enabled:
        for key in sorted(settings.api_keys, key=lambda key: not key.enabled):
            keys.setdefault(key.name, key.key)
    return keys


def rerun(config: GatewayConfig, tape: Tape, clock: SkippingClock, *, day: float) -> list[Result | None]:
    """Return what becomes of each recorded request; None for those that cannot be asked again.

    No upstream is called, and nothing is recorded. It runs trio itself.

    Args:
        day: The time whose prices hold, in seconds since the epoch.

    Raises:
        ConfigError: A stage or provider finds that its settings cannot be used.
    """
    stages = tuple(stage for stage in config.stages if stage[0] != "record")
    return trio.run(_rerun, msgspec.structs.replace(config, stages=stages), tape, day, clock=clock)


async def _rerun(config: GatewayConfig, tape: Tape, day: float) -> list[Result | None]:
    registry = Registry()
    play_providers(registry, (settings.type for settings in config.providers.values()), tape)
    gateway = build(config, registry)
    gateway.resources.random.seed(0)
    gateway.resources.wall = lambda: day
    keys = keys_of(config)
    results: list[Result | None] = [None] * len(tape.takes)
    places = [place for place, take in enumerate(tape.takes) if playable(take)]
    places.sort(key=lambda place: tape.takes[place].arrival)
    async with trio.open_nursery() as nursery:
        await nursery.start(gateway.run)
        at = trio.current_time()
        began = at - (tape.takes[places[0]].arrival if places else 0.0)
        async with trio.open_nursery() as callers:
            for place in places:
                at = max(at + APART, began + tape.takes[place].arrival)
                await trio.sleep_until(at)
                callers.start_soon(_ask, gateway, tape.takes[place], keys, place, results)
        nursery.cancel_scope.cancel()
    return results


async def _ask(gateway: Gateway, take: Take, keys: dict[str, str], place: int, results: list[Result | None]) -> None:
    request = Request(
        take.operation,
        take.body,
        take.headers,
        dialect=take.dialect,
        credential=keys.get(take.key),
        label=str(place),
        subject="" if take.operation in OPERATIONS else take.model,
        timeout=timeout_of(take.headers),
    )
    exchange = gateway.exchange(request)
    # Who left then leaves now, after as long a time.
    patience = take.duration if take.outcome == "cancelled" else float("inf")
    with trio.move_on_after(patience):
        await gateway.serve(exchange, _Nowhere())
    results[place] = _result(exchange)


class _Nowhere:
    """An outlet whose client takes everything at once."""

    async def open(self, exchange: Exchange) -> None:
        await trio.lowlevel.checkpoint()

    async def send(self, batch: Batch) -> None:
        await trio.lowlevel.checkpoint()

    async def close(self, exchange: Exchange) -> None:
        await trio.lowlevel.checkpoint()


def _result(exchange: Exchange) -> Result:
    figures, plan, notes = account(exchange), exchange.plan, exchange.notes
    stages: dict[str, float] = {}
    upstream = 0.0
    for mark in exchange.marks:
        within = 0.0
        for attempt in exchange.attempts:
            if mark.started <= attempt.started <= mark.ended:
                until = attempt.first_content if attempt.first_content is not None else attempt.ended
                within += min(mark.ended if until is None else until, mark.ended) - attempt.started
        stages[mark.hop] = mark.ended - mark.started - within
        upstream += within
    last = exchange.marks[-1].ended if exchange.marks else exchange.started
    return Result(
        outcome=exchange.outcome.name.lower() if exchange.outcome is not None else "",
        status=figures.status,
        code=exchange.error.code if exchange.error is not None else None,
        asked=bool(exchange.attempts),
        plan=f"{plan.strategy}: {', '.join(map(str, plan.targets))}" if plan is not None else "",
        served=f"{notes['provider']}/{notes.get('model', '')}" if "provider" in notes else "",
        cache=notes.get("cache", ""),
        duration=figures.duration,
        first=figures.first_token,
        stages=stages,
        pipeline=last - exchange.started - upstream,
        cost=exchange.cost,
    )

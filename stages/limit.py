"""Hold each caller to so many requests in a time.

What fails before the caller got anything of an answer is given back: if no provider was called for it, or if the
failure is a provider's. What a provider finds wrong with the request counts, and so does a deadline, which callers may
set, that passes during a call: either would be a way to flood the provider for nothing. An answer from the cache
counts too.
"""

from __future__ import annotations

import math
from collections.abc import Coroutine, Sequence
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta

from sluicegate.pipeline.caller import Caller
from sluicegate.pipeline.config.kinds import Rate
from sluicegate.pipeline.errors import RateLimited
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.life import State
from sluicegate.pipeline.registry import stage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict
from sluicegate.pipeline.store import Admission, Standing, Window, at_once

from .parts.spans import per, span, spoken

STORE = "memory"
MAX_REMEMBERED = 1000
"""Tenants whose windows are kept ready-made."""


class LimitSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How much each caller may ask for."""

    requests: Annotated[
        tuple[Rate, ...],
        Meta(
            description="Requests a caller may make, such as [1000/min, 10000/h]; a key's own rate_limit goes before."
        ),
    ] = ()


@stage("limit", summary="Hold each caller to a number of requests per minute, hour or day.", settings=LimitSettings)
class Limit:
    """Count the request in the caller's windows, tell where the tightest stands, and refund what failed.

    Raises, in `judge` or `attend`:
        RateLimited: A window has no room; nothing was counted in any.
    """

    def __init__(self, settings: LimitSettings, resources: Resources) -> None:
        self._general = tuple((rate.count, rate.window) for rate in settings.requests)
        self._store = resources.stores[STORE]
        self._windows_of = lru_cache(maxsize=MAX_REMEMBERED)(_windows)

    def judge(self, exchange: Exchange) -> Verdict:
        """Count at once where the store can, or ask to wait for it. Not a checkpoint."""
        windows = self._windows(exchange.caller)
        if not windows:
            return Verdict.PASS
        if not self._store.immediate:
            return Verdict.WAIT
        return self._apply(exchange, windows, at_once(self._store.hit(windows)))

    async def attend(self, exchange: Exchange) -> Verdict:
        """Count in a store that has to be waited for. A checkpoint."""
        windows = self._windows(exchange.caller)
        return self._apply(exchange, windows, await self._store.hit(windows))

    def _windows(self, caller: Caller) -> tuple[Window, ...]:
        own = caller.counted()[0].allowance.requests
        return self._windows_of(caller.tenant, self._general if own is None else own)

    def _apply(self, exchange: Exchange, windows: Sequence[Window], admission: Admission) -> Verdict:
        refusal = admission.refused_by
        if refusal is not None:
            exchange.headers.extend(_headers(refusal))
            raise _refused(exchange.caller, refusal)
        exchange.headers.extend(_headers(_tightest(admission.standings)))
        exchange.on_settle.append(lambda ended: self._settle(ended, windows, admission))
        return Verdict.PASS

    def _settle(
        self, exchange: Exchange, windows: Sequence[Window], admission: Admission
    ) -> Coroutine[object, object, None] | None:
        """Give back what was counted for an exchange that has neither got an answer nor wasted a provider's time."""
        if exchange.outcome is not State.FAILED or exchange.first_content is not None:
            return None
        if exchange.attempts and not exchange.failure.moves_on:
            return None
        refund = self._store.adjust(windows, admission, -1)
        if not self._store.immediate:
            return refund
        at_once(refund)
        return None


def _windows(tenant: str, limits: tuple[tuple[int, float], ...]) -> tuple[Window, ...]:
    return tuple(Window(f"limit:requests:{tenant}", count, seconds) for count, seconds in limits)


def _tightest(standings: Sequence[Standing]) -> Standing:
    """Return the standing that will refuse first; of equals, the one that takes longest to be whole again."""
    return min(standings, key=lambda one: (one.remaining, -one.reset))


def _headers(standing: Standing) -> list[tuple[str, str]]:
    return [
        ("x-ratelimit-limit-requests", str(standing.window.count)),
        ("x-ratelimit-remaining-requests", str(standing.remaining)),
        ("x-ratelimit-reset-requests", span(standing.reset)),
    ]


def _refused(caller: Caller, standing: Standing) -> RateLimited:
    who = f"key {caller.key_name!r} has used its" if caller.key_name else "callers without a key have used their"
    window = standing.window
    wait = standing.retry_after
    ever = math.isfinite(wait)
    return RateLimited(
        f"{who} {window.count} requests per {per(window.seconds)}" + (f"; try again in {spoken(wait)}" if ever else ""),
        retry_after=wait if ever else None,
    )

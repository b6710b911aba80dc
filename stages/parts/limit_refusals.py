"""What is told where a limit or a budget has no room."""

from __future__ import annotations

import math

from sluicegate.pipeline.config.kinds import Money
from sluicegate.pipeline.errors import ProviderLimited, RateLimited

from .counting import Refusal
from .limit_rules import Measure, Owner, Rule
from .periods import moment
from .spans import per, spoken

AT_ONCE = "concurrency_limit_exceeded"
TOO_MUCH = "request_exceeds_limit"
SPENT = "budget_exceeded"
PROVIDER_SPENT = "provider_budget_exceeded"
SOON = 1.0
"""Seconds after which to try again where all that is known is that others are under way."""


def refused(refusal: Refusal, wall: float) -> RateLimited:
    """Return the error for a limit of a caller's or of a model. ``wall`` is in seconds since the epoch."""
    if refusal.hold is not None:
        told, retry_after = _under_way(refusal), SOON
        return RateLimited(told, code=AT_ONCE, retry_after=retry_after)
    rule, amount = refusal.rule, _amount(refusal)
    if rule.budget is not None:
        told, wait = _spent(refusal, wall)
        return RateLimited(told, code=SPENT, type="insufficient_quota", retry_after=wait)
    told, wait = _used(refusal)
    return RateLimited(told, code=TOO_MUCH if amount > rule.window.count else None, retry_after=wait)


def at_its_limit(refusal: Refusal, wall: float) -> ProviderLimited:
    """Return the error for a provider that is not asked since its own limit has no room."""
    if refusal.hold is not None:
        return ProviderLimited(_under_way(refusal), status=503, retry_after=SOON)
    rule = refusal.rule
    if rule.budget is not None:
        told, wait = _spent(refusal, wall)
        return ProviderLimited(told, code=PROVIDER_SPENT, retry_after=wait)
    told, wait = _used(refusal)
    return ProviderLimited(told, code=TOO_MUCH if _amount(refusal) > rule.window.count else None, retry_after=wait)


def _under_way(refusal: Refusal) -> str:
    assert refusal.hold is not None
    who, has, its = _said(refusal.hold.owner)
    count = refusal.hold.slot.count
    return f"{who} {has} {its} {count} requests under way, as many as may be at once"


def _used(refusal: Refusal) -> tuple[str, float | None]:
    """Return the words for a window without room, and the seconds until it has, if it ever will."""
    rule, standing, amount = refusal.rule, refusal.standing, _amount(refusal)
    who, has, its = _said(rule.owner)
    most, length = _shown(rule, rule.window.count), per(rule.window.seconds)
    if amount > rule.window.count:
        return f"this request may take {_shown(rule, amount)}, and {who} may use {most} per {length}", None
    wait = standing.retry_after if math.isfinite(standing.retry_after) else None
    again = f"; try again in {spoken(wait)}" if wait is not None else ""
    if standing.remaining <= 0 or amount <= 1:
        return f"{who} {has} used {its} {most} per {length}{again}", wait
    left = _shown(rule, standing.remaining)
    taken = _shown(rule, amount)
    return f"{who} {has} {left} left of {its} {most} per {length}, and this request may take {taken}{again}", wait


def _spent(refusal: Refusal, wall: float) -> tuple[str, float | None]:
    """Return the words for a budget without room, and the seconds until the next one begins, if one does."""
    rule, standing, amount = refusal.rule, refusal.standing, _amount(refusal)
    assert rule.budget is not None
    who, has, its = _said(rule.owner)
    most = Money(rule.budget.amount)
    named = f"budget of {most}" + ("" if rule.budget.period == "total" else f" for {rule.span.name}")
    wait = max(0.0, rule.span.end - wall) if math.isfinite(rule.span.end) else None
    again = f"; the next one begins at {moment(rule.span.end)}" if wait is not None else ""
    if standing.remaining <= 0 or amount <= 1:
        return f"{who} {has} spent {its} {named}{again}", wait
    left = Money(standing.remaining)
    return f"{who} {has} {left} left of {its} {named}, and this request may cost {Money(amount)}{again}", wait


def _amount(refusal: Refusal) -> int:
    return refusal.amounts[refusal.rule.measure]


def _shown(rule: Rule, amount: int) -> str:
    if rule.measure is Measure.COST:
        return str(Money(amount))
    return f"{amount} {rule.measure.name.lower()}"


def _said(owner: Owner) -> tuple[str, str, str]:
    """Return whose it is, as a subject with its verb and possessive."""
    if owner.kind == "key" and not owner.name:
        return "callers without a key", "have", "their"
    return f"{owner.kind} {owner.name!r}", "has", "its"

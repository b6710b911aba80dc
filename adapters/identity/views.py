"""Keys, users and teams as people and programs are shown them: never with a digest, and of a key only its beginning."""

from __future__ import annotations

from typing import Any

from sluicegate.pipeline.caller import Allowance, Limits
from sluicegate.pipeline.config.kinds import Money, Rate, Spend
from sluicegate.pipeline.config.units import read_duration
from sluicegate.pipeline.errors import InvalidRequest

from .fields import show_time
from .records import Key, Team, User

OVERLAP = "24h"
"""How long the old text of a rotated key is good, if nothing else is said."""
LONGEST_OVERLAP = 90 * 86_400.0


def read_overlap(value: Any) -> float:
    """Return the seconds of an overlap. Raises InvalidRequest."""
    try:
        seconds = read_duration(value[:64]) if isinstance(value, str) else -1.0
    except ValueError as error:
        raise InvalidRequest(f"overlap {error}", param="overlap") from None
    if not 0 <= seconds <= LONGEST_OVERLAP:
        raise InvalidRequest("overlap must be a duration from 0s to 90d", param="overlap")
    return seconds


def view(record: Team, now: float) -> dict[str, Any]:
    """Return what is shown of a record at a time."""
    shown: dict[str, Any] = {"id": record.id, "name": record.name, "enabled": record.enabled}
    if isinstance(record, Key):
        shown |= _of_key(record, now)
    if isinstance(record, User):
        shown["team"] = record.team or None
    shown |= {"limits": _limits(record.allowance), "budgets": _budgets(record.allowance), "metadata": record.metadata}
    return shown | {"created": show_time(record.created), "changed": show_time(record.changed)}


def state_of(key: Key, now: float) -> str:
    """Say in one word how a key stands by itself."""
    if key.revoked is not None:
        return "revoked"
    if not key.enabled:
        return "disabled"
    return "expired" if key.expires is not None and now >= key.expires else "active"


def _of_key(key: Key, now: float) -> dict[str, Any]:
    old = [{"prefix": one.shown, "until": show_time(one.until)} for one in key.previous if one.until > now]
    return {
        "prefix": key.shown,
        "state": state_of(key, now),
        "owner": key.owner,
        "user": key.user or None,
        "role": key.role,
        "allowed_models": key.models,
        "allowed_operations": key.operations,
        "expires": show_time(key.expires),
        "rotated": show_time(key.rotated),
        "revoked": show_time(key.revoked),
        "previous": old,
    }


def _limits(of: Allowance) -> dict[str, Any]:
    costs = None if of.cost is None else [str(Spend(nanos, window)) for nanos, window in of.cost]
    return {
        "requests": _rates(of.requests),
        "tokens": _rates(of.tokens),
        "cost": costs,
        "concurrency": of.concurrency,
    }


def _rates(limits: Limits | None) -> list[str] | None:
    return None if limits is None else [str(Rate(count, window)) for count, window in limits]


def _budgets(of: Allowance) -> dict[str, str]:
    return {budget.period: str(Money(budget.amount)) for budget in of.budgets}

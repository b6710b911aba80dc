"""Who asks, and what each of those whom the request counts for may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

Limits = tuple[tuple[int, float], ...]
"""Limits as (amount, window in seconds); the amount is a number of requests or tokens, or nano-dollars."""
Period = Literal["day", "month", "total"]
"""What a budget is for: a day or a month of UTC, or for good."""


class Budget(msgspec.Struct, frozen=True):
    """At most so many nano-dollars in a period."""

    amount: int
    period: Period


class Allowance(msgspec.Struct, frozen=True):
    """What somebody may use.

    Attributes:
        requests: Requests in a time. None, as for the next two, leaves it to the general limits.
        tokens: Tokens in a time, input and output together.
        cost: Nano-dollars in a time.
        concurrency: Requests under way at once.
        budgets: Nano-dollars in a period.
    """

    requests: Limits | None = None
    tokens: Limits | None = None
    cost: Limits | None = None
    concurrency: int | None = None
    budgets: tuple[Budget, ...] = ()


class Subject(msgspec.Struct, frozen=True):
    """Somebody whom a request counts for: the key, and the user and the team behind it."""

    kind: Literal["key", "user", "team"]
    id: str
    name: str
    allowance: Allowance = Allowance()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``tenant`` parts caches and counters; ``allowed_models`` is None where all are allowed.

    Attributes:
        key_name: What people call the key.
        allowed_operations: Such as ``chat``; None where all are allowed.
        role: An ``admin`` may also enter the admin room.
        key_id: By which the ledger knows the key; never the key itself.
        subjects: Whose limits and budgets the request counts for: the key, then the user, then the team. With none, the
            tenant itself, within the general limits.
        metadata: What is said of the key beyond that; for the access log.
    """

    tenant: str
    key_name: str = ""
    allowed_models: tuple[str, ...] | None = None
    allowed_operations: tuple[str, ...] | None = None
    role: Literal["caller", "admin"] = "caller"
    key_id: str = ""
    user: str = ""
    team: str = ""
    subjects: tuple[Subject, ...] = field(default=(), hash=False)
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def counted(self) -> tuple[Subject, ...]:
        """Return whom the request counts for; at least one."""
        return self.subjects or (Subject("key", self.tenant, self.key_name),)


ANONYMOUS = Caller(tenant="anonymous")

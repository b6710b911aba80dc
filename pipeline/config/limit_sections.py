"""How limits and budgets are written, of whatever they are."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from ..caller import Allowance, Budget
from .kinds import Money, Rate, Spend


class BudgetSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The most money that may be spent in a period."""

    day: Annotated[Money | None, Meta(description="In a day of UTC.")] = None
    month: Annotated[Money | None, Meta(description="In a month of UTC.")] = None
    total: Annotated[Money | None, Meta(description="For good.")] = None

    def budgets(self) -> tuple[Budget, ...]:
        """Return the budgets that are set."""
        found = []
        if self.day is not None:
            found.append(Budget(self.day.nanos, "day"))
        if self.month is not None:
            found.append(Budget(self.month.nanos, "month"))
        if self.total is not None:
            found.append(Budget(self.total.nanos, "total"))
        return tuple(found)


class RateLimitSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How much something may be used."""

    requests: Annotated[tuple[Rate, ...], Meta(description="Requests, such as [1000/min, 10000/h].")] = ()
    tokens: Annotated[
        tuple[Rate, ...], Meta(description="Tokens, those asked and those answered together, such as [200000/min].")
    ] = ()
    cost: Annotated[tuple[Spend, ...], Meta(description="Money in a sliding time, such as [$5/h].")] = ()
    concurrency: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="Requests under way at once; unset means any number.")
    ] = None

    def allowance(self) -> Allowance:
        """Return what these settings allow."""
        return Allowance(
            requests=rates(self.requests),
            tokens=rates(self.tokens),
            cost=spends(self.cost),
            concurrency=self.concurrency,
        )


class CappedSettings(RateLimitSettings, kw_only=True, frozen=True):
    """The same, with the most that may be spent by the calendar."""

    budgets: Annotated[BudgetSettings, Meta(description="The most money that may be spent in a period.")] = (
        BudgetSettings()
    )

    def allowance(self) -> Allowance:
        """Return what these settings allow."""
        return msgspec.structs.replace(RateLimitSettings.allowance(self), budgets=self.budgets.budgets())


def rates(of: tuple[Rate, ...]) -> tuple[tuple[int, float], ...]:
    """Return rates as an allowance has them."""
    return tuple((rate.count, rate.window) for rate in of)


def spends(of: tuple[Spend, ...]) -> tuple[tuple[int, float], ...]:
    """Return money in times as an allowance has it."""
    return tuple((spend.nanos, spend.window) for spend in of)

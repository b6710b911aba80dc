"""How a model is served: a tree of groups, whose leaves are targets, and the order that it gives at a moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..conditions import Condition
from ..errors import InvalidRequest
from ..exchange import Target
from .members import Member, Moment
from .strategies import STRATEGIES, Order

Holds = Callable[[Condition], bool]
Told = list[dict[str, Any]]
"""What was decided, group by group, in plain values."""


class NoRoute(InvalidRequest):
    """No target is for a request like this one: none of their conditions holds."""

    code = "no_route"


@dataclass(frozen=True, slots=True)
class Branch:
    """One member of a group, and what it leads to.

    Attributes:
        when: Only requests of which this holds are for it; None for all.
    """

    member: Member
    node: Target | Group
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """An entry of ``models:``.

    Attributes:
        threshold: Members of whose calls fewer than this share went well lately come after all others; 0 for none.
    """

    name: str
    strategy: str
    branches: tuple[Branch, ...]
    threshold: float = 0.0
    conditions: tuple[Condition, ...] = field(init=False)
    """All that may have to be evaluated, those of groups inside too."""

    def __post_init__(self) -> None:
        """Collect the conditions."""
        found = [branch.when for branch in self.branches if branch.when is not None]
        for branch in self.branches:
            found += branch.node.conditions if isinstance(branch.node, Group) else ()
        object.__setattr__(self, "conditions", tuple(found))

    @property
    def fixed(self) -> bool:
        """Whether the order is always the same."""
        return (
            self.strategy in ("single", "fallback")
            and not self.threshold
            and all(
                branch.when is None and (isinstance(branch.node, Target) or branch.node.fixed)
                for branch in self.branches
            )
        )

    def targets(self, moment: Moment, holds: Holds, told: Told | None = None) -> tuple[Target, ...]:
        """Return the targets in the order in which they are to be tried, each once.

        Args:
            told: Takes what was decided, and by what; that costs some time.

        Raises:
            NoRoute: No member is for this request. ConditionFailed: Whether one is cannot be said.
        """
        branches = [branch for branch in self.branches if branch.when is None or holds(branch.when)]
        if not branches:
            raise NoRoute(f"no target of model {self.name!r} is for a request like this", param="model")
        members = [branch.member for branch in branches]
        order = self._order(members, moment)
        if told is not None:
            told.append(_decision(self, branches, order, moment))
        found: dict[Target, None] = {}
        for at in order:
            node = branches[at].node
            found.update(dict.fromkeys([node] if isinstance(node, Target) else node.targets(moment, holds, told)))
        return tuple(found)

    def _order(self, members: Sequence[Member], moment: Moment) -> Order:
        order = STRATEGIES[self.strategy](self.name, members, moment)
        if self.threshold:
            order.sort(key=lambda at: _is_ailing(members[at], moment, self.threshold))
        return order[:1] if self.strategy == "single" else order


def _is_ailing(member: Member, moment: Moment, threshold: float) -> bool:
    success = moment.success(member)
    return success is not None and success < threshold


def _decision(group: Group, branches: Sequence[Branch], order: Order, moment: Moment) -> dict[str, Any]:
    """Return what a group has decided, and what by."""
    return {
        "model": group.name,
        "strategy": group.strategy,
        "order": [branches[at].member.name for at in order],
        "members": [_told_of(branch.member, moment) for branch in branches],
        "left_out": [branch.member.name for branch in group.branches if branch not in branches],
    }


def _told_of(member: Member, moment: Moment) -> dict[str, Any]:
    waited, cost, success = moment.waited(member), moment.cost(member), moment.success(member)
    return {
        "name": member.name,
        "weight": member.weight,
        "in_flight": moment.in_flight(member),
        "first_token_ms": round(waited * 1000, 1) if waited is not None else None,
        "success": round(success, 3) if success is not None else None,
        "quota_left": round(moment.left(member), 3),
        "cost_nanos": cost,
    }

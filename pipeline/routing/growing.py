"""From what the configuration says of models to the trees that choose among their targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ..conditions import compile_condition
from ..config.model_settings import ModelSettings
from ..config.stars import STAR, star_in
from ..exchange import Target
from .members import Member
from .tree import Branch, Group

TargetOf = Callable[[str], Target | None]
"""Returns the target that ``provider/model`` names, or None if that provider is not in use."""


def grow(name: str, models: Mapping[str, ModelSettings], target_of: TargetOf, star: str = "") -> Group:
    """Return the tree of an entry of ``models:``. Where nothing of it is in use it has no branches.

    The entries must lead to no circle, as the loader sees to.

    Args:
        star: What ``*`` stands for in the names of its targets.
    """
    settings = models[name]
    branches = []
    for choice in settings.choices:
        to = choice.to.replace(STAR, star) if star else choice.to
        node: Target | Group | None
        if (found := entry_of(to, models, within=name)) is not None:
            inner, inner_star = found
            node = grow(inner, models, target_of, inner_star)
            targets = tuple(leaves(node))
        else:
            node = target_of(to)
            targets = (node,) if node is not None else ()
        if node is not None and targets:
            when = compile_condition(choice.when) if choice.when is not None else None
            branches.append(Branch(Member(to, choice.weight, targets), node, when))
    return Group(
        name.replace(STAR, star) if star else name, settings.strategy, tuple(branches), settings.failover_threshold
    )


def leaves(group: Group) -> Iterator[Target]:
    """Yield the targets that a group may lead to, as they are listed, each once."""
    seen: dict[Target, None] = {}
    for branch in group.branches:
        for target in [branch.node] if isinstance(branch.node, Target) else leaves(branch.node):
            if target not in seen:
                seen[target] = None
                yield target


def entry_of(name: str, models: Mapping[str, ModelSettings], within: str = "") -> tuple[str, str] | None:
    """Return the entry that a name means and what its ``*`` stands for, or None if there is no such entry.

    An entry of just that name goes before those with a star; of these, the one with the longest name.

    Args:
        within: The entry that the name stands in, which cannot mean itself.
    """
    if name in models and name != within and STAR not in name:
        return name, ""
    for pattern in sorted((one for one in models if STAR in one and one != within), key=len, reverse=True):
        star = star_in(pattern, name)
        if star is not None:
            return pattern, star
    return None

"""The strategies: each puts the members of a group in the order in which they are to be tried.

Pure functions of the members and of the moment. What is not first serves when the first fails.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

from .hashing import by_rendezvous, position
from .members import Member, Moment

Order = list[int]
Strategy = Callable[[str, Sequence[Member], Moment], Order]
"""Told the group's name, its members and the moment, returns the members' places in order."""

EXPLORED = 0.02
"""The share of choices by waiting times that try another member, lest a slow one is never found to have got better."""
LOAD = 1.25
"""How far above its part of the calls under way a member may be before prefixes are sent elsewhere.
https://research.google/blog/consistent-hashing-with-bounded-loads/"""


def as_listed(_: str, members: Sequence[Member], moment: Moment) -> Order:
    """In the order of the list: ``fallback``, ``single`` and ``conditional``."""
    return list(range(len(members)))


def weighted(_: str, members: Sequence[Member], moment: Moment) -> Order:
    """By chance, each as often first as its weight says, and likewise among the rest.

    https://en.wikipedia.org/wiki/Reservoir_sampling#Algorithm_A-Res
    """
    draws = [moment.random.random() ** (1.0 / member.weight) for member in members]
    return sorted(range(len(members)), key=draws.__getitem__, reverse=True)


def round_robin(group: str, members: Sequence[Member], moment: Moment) -> Order:
    """In turns, each as often as its weight says, as evenly spread as can be."""
    turns = cycle(tuple(member.weight for member in members))
    first = turns[moment.turn(group) % len(turns)]
    return [(first + step) % len(members) for step in range(len(members))]


@lru_cache(maxsize=1024)
def cycle(weights: tuple[int, ...]) -> list[int]:
    """Return whose turn it is throughout one round, by nginx's smooth weighted round-robin."""
    common = math.gcd(*weights)
    shares = [weight // common for weight in weights]
    standing = [0] * len(shares)
    turns = []
    for _ in range(sum(shares)):
        standing = [one + share for one, share in zip(standing, shares, strict=True)]
        first = max(range(len(shares)), key=standing.__getitem__)
        standing[first] -= sum(shares)
        turns.append(first)
    return turns


def least_used(_: str, members: Sequence[Member], moment: Moment) -> Order:
    """By calls under way, in relation to the weights; equals by chance."""
    load = [(moment.in_flight(member) / member.weight, moment.random.random()) for member in members]
    return sorted(range(len(members)), key=load.__getitem__)


def lowest_latency(_: str, members: Sequence[Member], moment: Moment) -> Order:
    """The better of two that chance picks, by waiting time and calls under way; now and then any one.

    Two choices by chance keep all callers from running to the one that was fastest a moment ago. The rest follows from
    the fastest on. A member of which nothing is known goes first: that is how something gets known.
    https://www.eecs.harvard.edu/~michaelm/postscripts/handbook2001.pdf
    """
    cost = [_latency(member, moment) for member in members]
    order = sorted(range(len(members)), key=cost.__getitem__)
    if len(members) < 2 or cost[order[0]] == 0.0:
        return order
    if moment.random.random() < EXPLORED:
        first = moment.random.choice(order)
    else:
        first = min(moment.random.sample(range(len(members)), 2), key=cost.__getitem__)
    order.remove(first)
    return [first, *order]


def _latency(member: Member, moment: Moment) -> float:
    waited = moment.waited(member)
    busy = moment.in_flight(member)
    if waited is None:
        return float(busy)  # the first of its calls will tell; until then, one that has one already is left alone
    return waited * (busy + 1) / member.weight


def cheapest(_: str, members: Sequence[Member], moment: Moment) -> Order:
    """By price of this request; those whose price nobody knows come last, in the order of the list."""
    costs = [math.inf if (cost := moment.cost(member)) is None else cost for member in members]
    return sorted(range(len(members)), key=costs.__getitem__)


def ab_test(group: str, members: Sequence[Member], moment: Moment) -> Order:
    """By shares, the same one always for the same user; without a user, by chance."""
    key = moment.sticky()
    place = position(f"{group}\n{key}") if key else moment.random.random()
    place *= sum(member.weight for member in members)
    first = 0
    while place >= members[first].weight and first < len(members) - 1:
        place -= members[first].weight
        first += 1
    return [first, *(at for at in range(len(members)) if at != first)]


def prefix(group: str, members: Sequence[Member], moment: Moment) -> Order:
    """The same one always for the same beginning of a prompt, so that its cache knows it, unless that one is busy.

    Rendezvous hashing with bounded loads: a member that comes or goes moves only its own part of the prompts.
    """
    key = moment.sticky()
    if not key:
        return least_used(group, members, moment)
    order = by_rendezvous(key, [(member.name, member.weight) for member in members])
    busy = [moment.in_flight(member) for member in members]
    total, weights = sum(busy) + 1, sum(member.weight for member in members)
    bounds = [math.ceil(LOAD * total * member.weight / weights) for member in members]
    return sorted(order, key=lambda at: busy[at] >= bounds[at])


def usage(_: str, members: Sequence[Member], moment: Moment) -> Order:
    """By what is left of the providers' own rate limits; equals by chance."""
    left = [(-moment.left(member), moment.random.random()) for member in members]
    return sorted(range(len(members)), key=left.__getitem__)


STRATEGIES: dict[str, Strategy] = {
    "single": as_listed,
    "fallback": as_listed,
    "conditional": as_listed,
    "weighted": weighted,
    "round_robin": round_robin,
    "least_used": least_used,
    "lowest_latency": lowest_latency,
    "cheapest": cheapest,
    "ab_test": ab_test,
    "prefix": prefix,
    "usage": usage,
}
"""By the names that the configuration has for them."""

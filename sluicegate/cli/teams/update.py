"""`sluicegate teams update`: what a team may do, from now on."""

from __future__ import annotations

from ..identities import options as of
from ..identities.work import change, print_one


def update(
    team: of.Wanted,
    name: of.Name = None,
    enabled: of.Enabled = None,
    requests: of.Requests = None,
    tokens: of.Tokens = None,
    cost: of.Cost = None,
    concurrency: of.Concurrency = None,
    budget: of.Budget = None,
    metadata: of.Metadata = None,
    config: of.Config = None,
    as_json: of.Json = False,
) -> None:
    """Change a team; what is not named stays. Disabled, all of its keys are refused."""
    given = {**of.simple(name=name, enabled=enabled), **of.metadata(metadata)}
    if limits := of.limits(requests, tokens, cost, concurrency):
        given["limits"] = limits
    if budgets := of.budgets(budget):
        given["budgets"] = budgets
    print_one(change("team", team, config, given), as_json)

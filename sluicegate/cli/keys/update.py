"""`sluicegate keys update`: what a key may do, from now on."""

from __future__ import annotations

from ..identities import options as of
from ..identities.work import change, print_one


def update(
    key: of.Wanted,
    name: of.Name = None,
    owner: of.Owner = None,
    user: of.User = None,
    team: of.Team = None,
    role: of.Role = None,
    enabled: of.Enabled = None,
    models: of.Models = None,
    operations: of.Operations = None,
    expires: of.Expires = None,
    requests: of.Requests = None,
    tokens: of.Tokens = None,
    cost: of.Cost = None,
    concurrency: of.Concurrency = None,
    budget: of.Budget = None,
    metadata: of.Metadata = None,
    config: of.Config = None,
    as_json: of.Json = False,
) -> None:
    """Change an API key; what is not named stays."""
    given = {
        **of.simple(name=name, owner=owner, user=user, team=team, role=role, enabled=enabled, expires=expires),
        **of.lists(allowed_models=models, allowed_operations=operations),
        **of.metadata(metadata),
    }
    if limits := of.limits(requests, tokens, cost, concurrency):
        given["limits"] = limits
    if budgets := of.budgets(budget):
        given["budgets"] = budgets
    print_one(change("key", key, config, given), as_json)

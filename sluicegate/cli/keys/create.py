"""`sluicegate keys create`: a new key, which is printed this once."""

from __future__ import annotations

from typing import Annotated

import typer

from ..identities import options as of
from ..identities.work import on_database, print_one


def create(
    name: Annotated[str, typer.Argument(help="What people call the key.")],
    owner: of.Owner = None,
    user: of.User = None,
    team: of.Team = None,
    role: of.Role = None,
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
    """Make an API key, and print it: nobody can find it out later."""
    given = {
        "name": name,
        **of.simple(owner=owner, user=user, team=team, role=role, expires=expires),
        **of.lists(allowed_models=models, allowed_operations=operations),
        "limits": of.limits(requests, tokens, cost, concurrency),
        "budgets": of.budgets(budget),
        **of.metadata(metadata),
    }
    print_one(on_database(config, lambda identities: identities.create_key(given)), as_json)

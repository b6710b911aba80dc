"""`sluicegate users create`: a new user."""

from __future__ import annotations

from typing import Annotated

import typer

from ..identities import options as of
from ..identities.work import on_database, print_one


def create(
    name: Annotated[str, typer.Argument(help="What people call the user.")],
    team: of.Team = None,
    requests: of.Requests = None,
    tokens: of.Tokens = None,
    cost: of.Cost = None,
    concurrency: of.Concurrency = None,
    budget: of.Budget = None,
    metadata: of.Metadata = None,
    config: of.Config = None,
    as_json: of.Json = False,
) -> None:
    """Make a user; keys are given to it by `sluicegate keys create NAME --user ...`."""
    given = {
        **of.simple(name=name, team=team),
        "limits": of.limits(requests, tokens, cost, concurrency),
        "budgets": of.budgets(budget),
        **of.metadata(metadata),
    }
    print_one(on_database(config, lambda identities: identities.create("user", given)), as_json)

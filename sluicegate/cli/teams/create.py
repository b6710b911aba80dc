"""`sluicegate teams create`: a new team."""

from __future__ import annotations

from typing import Annotated

import typer

from ..identities import options as of
from ..identities.work import on_database, print_one


def create(
    name: Annotated[str, typer.Argument(help="What people call the team.")],
    requests: of.Requests = None,
    tokens: of.Tokens = None,
    cost: of.Cost = None,
    concurrency: of.Concurrency = None,
    budget: of.Budget = None,
    metadata: of.Metadata = None,
    config: of.Config = None,
    as_json: of.Json = False,
) -> None:
    """Make a team; keys are given to it by `sluicegate keys create NAME --team ...`."""
    given = {
        **of.simple(name=name),
        "limits": of.limits(requests, tokens, cost, concurrency),
        "budgets": of.budgets(budget),
        **of.metadata(metadata),
    }
    print_one(on_database(config, lambda identities: identities.create("team", given)), as_json)

"""`sluicegate teams show`: all that is known of a team."""

from __future__ import annotations

from ..identities.options import Config, Json, Wanted
from ..identities.work import on_database, print_one


def show(team: Wanted, config: Config = None, as_json: Json = False) -> None:
    """Show a team."""
    print_one(on_database(config, lambda identities: identities.get("team", team, by_name=True)), as_json)

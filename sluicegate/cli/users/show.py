"""`sluicegate users show`: all that is known of a user."""

from __future__ import annotations

from ..identities.options import Config, Json, Wanted
from ..identities.work import on_database, print_one


def show(user: Wanted, config: Config = None, as_json: Json = False) -> None:
    """Show a user."""
    print_one(on_database(config, lambda identities: identities.get("user", user, by_name=True)), as_json)

"""`sluicegate keys show`: all that is known of a key."""

from __future__ import annotations

from ..identities.options import Config, Json, Wanted
from ..identities.work import on_database, print_one


def show(key: Wanted, config: Config = None, as_json: Json = False) -> None:
    """Show an API key, as far as it is known."""
    print_one(on_database(config, lambda identities: identities.get("key", key, by_name=True)), as_json)

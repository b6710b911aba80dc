"""`sluicegate keys revoke`: the end of a key."""

from __future__ import annotations

from ..identities.options import Config, Json, Wanted
from ..identities.work import on_database, print_one


def revoke(key: Wanted, config: Config = None, as_json: Json = False) -> None:
    """Make an API key good for nothing, for good: every gateway refuses it within a second."""
    print_one(on_database(config, lambda identities: identities.revoke(key, by_name=True)), as_json)

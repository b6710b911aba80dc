"""`sluicegate keys delete`: a key, and all that is known of it."""

from __future__ import annotations

from ..identities.options import Config, Wanted
from ..identities.work import on_database


def delete(key: Wanted, config: Config = None) -> None:
    """Delete an API key with all that is known of it; to keep that, revoke it instead."""
    gone = on_database(config, lambda identities: identities.delete("key", key, by_name=True))
    print(f"key {gone.name!r} ({gone.id}) is deleted")

"""`sluicegate users delete`: a user without keys."""

from __future__ import annotations

from ..identities.options import Config, Wanted
from ..identities.work import on_database


def delete(user: Wanted, config: Config = None) -> None:
    """Delete a user who has no keys."""
    gone = on_database(config, lambda identities: identities.delete("user", user, by_name=True))
    print(f"user {gone.name!r} ({gone.id}) is deleted")

"""`sluicegate teams delete`: a team without members."""

from __future__ import annotations

from ..identities.options import Config, Wanted
from ..identities.work import on_database


def delete(team: Wanted, config: Config = None) -> None:
    """Delete a team that has neither users nor keys."""
    gone = on_database(config, lambda identities: identities.delete("team", team, by_name=True))
    print(f"team {gone.name!r} ({gone.id}) is deleted")

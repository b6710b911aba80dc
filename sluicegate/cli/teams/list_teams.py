"""`sluicegate teams list`: all teams."""

from __future__ import annotations

from ..identities.options import Config, Json
from ..identities.work import print_list


def list_teams(config: Config = None, as_json: Json = False) -> None:
    """List teams."""
    print_list("team", config, as_json)

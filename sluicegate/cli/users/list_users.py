"""`sluicegate users list`: all users."""

from __future__ import annotations

from typing import Annotated

import typer

from ..identities.options import Config, Json
from ..identities.work import print_list


def list_users(
    team: Annotated[str | None, typer.Option(help="Only those of this team.")] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List users."""
    print_list("user", config, as_json, team=team)

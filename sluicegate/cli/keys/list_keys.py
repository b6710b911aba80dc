"""`sluicegate keys list`: all keys, those that are good no more too."""

from __future__ import annotations

from typing import Annotated

import typer

from ..identities.options import Config, Json
from ..identities.work import print_list


def list_keys(
    user: Annotated[str | None, typer.Option(help="Only those of this user.")] = None,
    team: Annotated[str | None, typer.Option(help="Only those of this team.")] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List API keys. Of each only the beginning is known."""
    print_list("key", config, as_json, user=user, team=team)

"""`sluicegate keys rotate`: another text for the same key."""

from __future__ import annotations

from typing import Annotated

import typer

from sluicegate.adapters.identity.views import OVERLAP, read_overlap
from sluicegate.pipeline.errors import InvalidRequest

from ..identities.options import Config, Json, Wanted
from ..identities.work import on_database, print_one
from ..run import WrongUse


def rotate(
    key: Wanted,
    overlap: Annotated[str, typer.Option(help="How long the old text stays good.")] = OVERLAP,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Give an API key a new text, and print it: nobody can find it out later."""
    try:
        seconds = read_overlap(overlap)
    except InvalidRequest as error:
        raise WrongUse(f"--{error}") from error
    print_one(on_database(config, lambda identities: identities.rotate(key, seconds, by_name=True)), as_json)

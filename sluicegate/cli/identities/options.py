"""Options, and how they become what the database is told: the same fields that the admin API takes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from ..run import WrongUse

NONE = "none"
"""Takes back what was said before."""

Wanted = Annotated[str, typer.Argument(help="Its id or its name.")]
Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The configuration, which names the database; config.yaml, if there is one."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Requests = Annotated[
    list[str] | None, typer.Option(help="Requests in a time, such as 60/min; may come several times; none for none.")
]
Tokens = Annotated[list[str] | None, typer.Option(help="Tokens in a time, such as 100000/min; as --requests.")]
Cost = Annotated[list[str] | None, typer.Option(help="Money in a time, such as '$5/h'; as --requests.")]
Concurrency = Annotated[str | None, typer.Option(help="Requests under way at once; none for any number.")]
Budget = Annotated[
    list[str] | None,
    typer.Option(help="Money for a day, a month or in total, such as 'day=$5' or day=none; may come several times."),
]
Metadata = Annotated[str | None, typer.Option(help="Anything else, as a JSON object; goes to the access log.")]
Enabled = Annotated[bool | None, typer.Option("--enabled/--disabled", help="Whether it may be used.")]
Name = Annotated[str | None, typer.Option(help="Another name.")]
Team = Annotated[str | None, typer.Option(help="The team that it belongs to, by id or name; none for none.")]
User = Annotated[str | None, typer.Option(help="The user that it belongs to, by id or name; none for none.")]
Owner = Annotated[str | None, typer.Option(help="Whose it is, in your own words.")]
Role = Annotated[str | None, typer.Option(help="caller or admin; an admin may also enter /admin with it.")]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", help="A model that it may ask for, such as 'openai/*'; may come several times; none: all."),
]
Operations = Annotated[
    list[str] | None,
    typer.Option("--operation", help="What it may ask for, such as chat; may come several times; none: all."),
]
Expires = Annotated[
    str | None, typer.Option(help="When it ends: 30d from now, or 2030-01-31T12:00:00Z; none for never.")
]


def simple(**given: str | bool | None) -> dict[str, Any]:
    """Return the fields that were said."""
    return {name: None if value == NONE else value for name, value in given.items() if value is not None}


def lists(**given: list[str] | None) -> dict[str, Any]:
    """Return the lists that were said."""
    return {name: None if value == [NONE] else value for name, value in given.items() if value}


def limits(
    requests: list[str] | None, tokens: list[str] | None, cost: list[str] | None, concurrency: str | None
) -> dict[str, Any]:
    """Return the limits that were said. Raises WrongUse."""
    found = lists(requests=requests, tokens=tokens, cost=cost)
    if concurrency is not None and concurrency != NONE and not (concurrency.isascii() and concurrency.isdigit()):
        raise WrongUse("--concurrency takes a whole number, or none")
    if concurrency is not None:
        found["concurrency"] = None if concurrency == NONE else int(concurrency)
    return found


def budgets(given: Iterable[str] | None) -> dict[str, Any]:
    """Return the budgets that were said. Raises WrongUse."""
    found: dict[str, Any] = {}
    for text in given or ():
        period, separator, amount = text.partition("=")
        if not separator:
            raise WrongUse(f"--budget takes such as 'day=$5', not {text!r}")
        found[period] = None if amount == NONE else amount
    return found


def metadata(text: str | None) -> dict[str, Any]:
    """Return the metadata that were said. Raises WrongUse."""
    if text is None:
        return {}
    try:
        return {"metadata": msgspec.json.decode(text)}
    except msgspec.DecodeError as error:
        raise WrongUse(f"--metadata is no JSON: {error}") from error

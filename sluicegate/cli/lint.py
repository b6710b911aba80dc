"""`sluicegate lint`: everything that is wrong with a configuration, where, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sluicegate.adapters.database.database import BadDatabaseUrl, open_database
from sluicegate.adapters.http.certificate import UnusableCertificate, check_certificate
from sluicegate.adapters.http.sockets import CannotListen
from sluicegate.pipeline.config.load import Loaded
from sluicegate.pipeline.config.problems import ConfigError, Problem, Severity
from sluicegate.pipeline.registry import Registry

from .exposure import exposure
from .run import WrongUse
from .source import DEFAULT_FILE, load_named

FAILED = 1


def lint(
    file: Annotated[Path | None, typer.Argument(help="The file; config.yaml by default, - for standard input.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for editors.")] = False,
) -> None:
    """Check a configuration. Exit code 1 if there are errors; warnings alone are 0."""
    if file is None and not DEFAULT_FILE.exists():
        raise WrongUse(f"there is no {DEFAULT_FILE} here; name a file")
    chosen = file or DEFAULT_FILE
    try:
        loaded = load_named(chosen, Registry())
        problems: Sequence[Problem] = (*loaded.problems, *_reach(loaded))
    except ConfigError as error:
        problems = error.problems
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = len(problems) - errors
    if as_json:
        shown = {"errors": errors, "warnings": warnings, "problems": [problem.as_dict() for problem in problems]}
        print(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        print(*problems, f"{chosen}: {_count(errors, 'error')}, {_count(warnings, 'warning')}", sep="\n")
    raise typer.Exit(FAILED if errors else 0)


def _reach(loaded: Loaded) -> list[Problem]:
    """Return warnings if `serve` would refuse: keys, and files, may still be there where it is started."""
    found = []
    try:
        refusal = exposure(loaded.config)
    except CannotListen as error:
        refusal = str(error)
    if refusal:
        found.append(_refused("server.host", refusal, loaded))
    for name, store in loaded.config.stores.items():
        if store.url and (fault := _url_fault(store.url)):
            found.append(_refused(f"stores.{name}", fault, loaded))
    try:
        check_certificate(loaded.config.server.tls)
    except UnusableCertificate as error:
        found.append(_refused("server.tls", str(error), loaded))
    if url := loaded.config.database.url:
        try:
            open_database(url)
        except BadDatabaseUrl as error:
            found.append(_refused("database.url", str(error), loaded))
    return found


def _url_fault(url: str) -> str:
    from sluicegate.adapters.stores.redis.address import read_address  # redis-py takes 90 ms to import

    try:
        read_address(url)
    except ValueError as error:
        return f"url {error}"
    return ""


def _refused(path: str, reason: str, loaded: Loaded) -> Problem:
    message = f"`serve` would end at once: {reason}"
    return Problem(message, "refused-start", severity=Severity.WARNING, path=path, file=loaded.source)


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"

"""Finds the verb, runs it, and says an error of use in one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.exceptions import TyperException

PROGRAM = "sluicegate"
WRONG_USE = 2
INTERRUPTED = 130
VERBS = {
    "serve": "serve",
    "lint": "lint",
    "create": "create",
    "list": "list_components",
    "graph": "graph",
    "schema": "schema",
    "version": "version",
}
"""Verbs and the modules that have them; the function is called as its module."""
OVERVIEW = "Run an AI gateway: one OpenAI-compatible endpoint in front of many providers."
GROUPS = {name: name for name in ("keys", "users", "teams", "ledger", "providers", "perf")}
"""Verbs that have verbs of their own, and the packages that list these in VERBS."""


class WrongUse(TyperException):
    """What was asked for cannot be done as asked. The message is one line."""

    exit_code = WRONG_USE


def run(arguments: list[str]) -> int:
    """Run what the arguments say and return the exit code."""
    if arguments == ["--version"]:
        arguments = ["version"]
    if arguments and arguments[0] in GROUPS:
        group = _group(arguments[0])
        return _run(arguments[1:], f"{PROGRAM} {arguments[0]}", group.VERBS, group.OVERVIEW)
    return _run(arguments, PROGRAM, VERBS, OVERVIEW, GROUPS)


def _run(
    arguments: list[str], program: str, verbs: Mapping[str, str], overview: str, groups: Collection[str] = ()
) -> int:
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    if arguments and arguments[0] in verbs:
        app.command()(_function(verbs[arguments[0]]))
        return _call(app, arguments[1:], f"{program} {arguments[0]}")
    # Help, or a misspelt verb: both need to know all of them.
    app.callback(help=overview)(lambda: None)
    for verb, module in verbs.items():
        app.command(verb)(_function(module))
    for name in groups:
        app.add_typer(typer.Typer(help=_group(name).OVERVIEW), name=name)
    return _call(app, arguments or ["--help"], program)


def _function(module: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(import_module(f".{module}", __package__), module.rpartition(".")[2])
    return function


def _group(name: str) -> Any:
    return import_module(f".{GROUPS[name]}", __package__)


def _call(app: typer.Typer, arguments: list[str], name: str) -> int:
    try:
        result = typer.main.get_command(app).main(args=arguments, prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except TyperException as error:
        print(f"{name}: {' '.join(error.format_message().split())}", file=sys.stderr)
        return error.exit_code
    except typer.Abort:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has what it wanted; without this the interpreter would complain while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return result if isinstance(result, int) else 0

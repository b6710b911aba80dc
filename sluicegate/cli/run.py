"""Finds the verb, runs it, and says an error of use in one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
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
GROUPS = {"perf": "perf"}
"""Verbs that have verbs of their own, and the packages that have those."""


class WrongUse(TyperException):
    """What was asked for cannot be done as asked. The message is one line."""

    exit_code = WRONG_USE


def run(arguments: list[str]) -> int:
    """Run what the arguments say and return the exit code."""
    if arguments == ["--version"]:
        arguments = ["version"]
    name, package, verbs, overview = PROGRAM, "", VERBS, _overview
    if arguments and arguments[0] in GROUPS:
        package = f".{GROUPS[arguments[0]]}"
        verbs, overview = import_module(package, __package__).VERBS, _group(package)
        name, arguments = f"{PROGRAM} {arguments[0]}", arguments[1:]
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    if arguments and arguments[0] in verbs:
        app.command()(_function(f"{package}.{verbs[arguments[0]]}"))
        return _call(app, arguments[1:], f"{name} {arguments[0]}")
    # Help, or a misspelt verb: both need to know all of them.
    app.callback()(overview)
    for verb, module in verbs.items():
        app.command(verb)(_function(f"{package}.{module}"))
    if not package:
        for group, module in GROUPS.items():
            app.add_typer(_listed(f".{module}"), name=group)
    return _call(app, arguments or ["--help"], name)


def _function(module: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(import_module(module, __package__), module.rpartition(".")[2])
    return function


def _group(package: str) -> Callable[[], None]:
    """Return a function whose docstring is the overview of a group."""

    def overview() -> None: ...

    overview.__doc__ = import_module(package, __package__).OVERVIEW
    return overview


def _listed(package: str) -> typer.Typer:
    """Return a group as the overview of all verbs shows it: by its own overview, without its verbs."""
    listed = typer.Typer()
    listed.callback(invoke_without_command=True)(_group(package))
    return listed


def _overview() -> None:
    """Run an AI gateway: one OpenAI-compatible endpoint in front of many providers."""


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

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


class WrongUse(TyperException):
    """What was asked for cannot be done as asked. The message is one line."""

    exit_code = WRONG_USE


def run(arguments: list[str]) -> int:
    """Run what the arguments say and return the exit code."""
    if arguments == ["--version"]:
        arguments = ["version"]
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    name = PROGRAM
    if arguments and arguments[0] in VERBS:
        app.command()(_function(arguments[0]))
        name, arguments = f"{PROGRAM} {arguments[0]}", arguments[1:]
    else:
        # Help, or a misspelt verb: both need to know all of them.
        app.callback()(_overview)
        for verb in VERBS:
            app.command(verb)(_function(verb))
    return _call(app, arguments or (["--help"] if name == PROGRAM else []), name)


def _function(verb: str) -> Callable[..., Any]:
    module = VERBS[verb]
    function: Callable[..., Any] = getattr(import_module(f".{module}", __package__), module)
    return function


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

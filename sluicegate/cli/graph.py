"""`sluicegate graph`: a drawing of the pipeline that a configuration means."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.graph import mermaid, text
from sluicegate.pipeline.registry import Registry

from .source import load_chosen

FAILED = 1


class Format(StrEnum):
    """How to draw."""

    MERMAID = "mermaid"
    TEXT = "text"


def graph(
    file: Annotated[Path | None, typer.Argument(help="The file; config.yaml by default, - for standard input.")] = None,
    format: Annotated[Format, typer.Option("--format", "-f", help="How to draw.")] = Format.MERMAID,
) -> None:
    """Draw the stages, providers and models of a configuration."""
    registry = Registry()
    try:
        config = load_chosen(file, registry).config
    except ConfigError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(FAILED) from error
    stages = [(name, registry.stage(name).lane) for name, _ in config.stages]
    providers = {name: settings.type for name, settings in config.providers.items()}
    draw = {Format.MERMAID: mermaid, Format.TEXT: text}[format]
    print(draw(stages, providers, config.models), end="")

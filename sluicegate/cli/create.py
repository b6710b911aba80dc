"""`sluicegate create`: a configuration for some stages, with every default filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sluicegate.pipeline.config.problems import suggest
from sluicegate.pipeline.config.sample import sample
from sluicegate.pipeline.registry import Registry

from .run import WrongUse


def create(
    stages: Annotated[list[str], typer.Argument(help="The stages to configure; `sluicegate list` names them.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file, which must be new.")
    ] = None,
) -> None:
    """Print a configuration with the named stages, all their settings and what they mean."""
    registry = Registry()
    known = registry.stage_names()
    for name in stages:
        if name not in known:
            raise WrongUse(f"unknown stage {name!r}; {suggest(name, known)}".rstrip("; "))
    text = sample(stages, registry)
    if output is None:
        print(text, end="")
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise WrongUse(f"cannot write {output}: {error.strerror}") from error

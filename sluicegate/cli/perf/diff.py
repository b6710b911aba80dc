"""`sluicegate perf diff`: what a change of the configuration would have changed for recorded traffic."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from sluicegate.perf import diff as differ
from sluicegate.perf.diff.report import as_values, in_words
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.registry import Registry

from ..run import WRONG_USE
from ..source import load_named
from .options import takes_of

CHANGED = 1


def diff(
    old: Annotated[Path, typer.Argument(help="The configuration in force.")],
    new: Annotated[Path, typer.Argument(help="The one that is to take its place.")],
    cassette: Annotated[str, typer.Argument(help="A file, or the name of a shipped one: `sluicegate perf traces`.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    fail_on_change: Annotated[
        bool, typer.Option("--fail-on-change", help="Exit with 1 if anything but latencies changed.")
    ] = False,
) -> None:
    """Run recorded traffic through two configurations, and tell what changes. No upstream is called."""
    takes = list(takes_of(cassette))
    try:
        with _without_logs():
            found = differ.diff(_config(old), _config(new), takes)
    except ConfigError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(WRONG_USE) from error
    if as_json:
        print(json.dumps(as_values(found), indent=2, ensure_ascii=False))
    else:
        print(*in_words(found), sep="\n")
    raise typer.Exit(CHANGED if fail_on_change and found.any else 0)


def _config(file: Path) -> GatewayConfig:
    loaded = load_named(file, Registry())
    for problem in loaded.problems:
        print(problem, file=sys.stderr)
    return loaded.config


@contextmanager
def _without_logs() -> Iterator[None]:
    """Keep quiet about failures that are only played: the report tells of those that changed."""
    log = logging.getLogger("sluicegate")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)

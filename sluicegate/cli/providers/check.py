"""`sluicegate providers check`: which providers of a configuration can be used, and why the others cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import trio
import typer

from sluicegate.assembly import close_providers, open_providers
from sluicegate.pipeline.config.load import Loaded
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.registry import Registry

from ..run import WrongUse
from ..source import load_chosen
from .probe import Finding, probe_all

FAILED = 1
COLUMNS = ("provider", "type", "reachable", "key", "models", "time", "")


def check(
    config: Annotated[
        Path | None, typer.Argument(help="The configuration; config.yaml, if there is one, - for standard input.")
    ] = None,
    chosen: Annotated[Path | None, typer.Option("--config", "-c", help="The same, as `serve` has it named.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Ask each provider for its models, which costs nothing. Exit code 1 if one of them cannot be used."""
    if config is not None and chosen is not None:
        raise WrongUse(f"{config} and {chosen} are two configurations: name one")
    registry = Registry()
    try:
        loaded = load_chosen(config or chosen, registry)
        found = [*trio.run(_probe, loaded, registry), *_left_out(loaded)]
    except ConfigError as error:
        raise WrongUse(f"the configuration is wrong, see `sluicegate lint`: {error.problems[0]}") from error
    failed = any(one.failed for one in found)
    if as_json:
        print(json.dumps({"ok": not failed, "providers": msgspec.to_builtins(found)}, indent=2, ensure_ascii=False))
    else:
        print(*_table(found), sep="\n")
    raise typer.Exit(FAILED if failed else 0)


async def _probe(loaded: Loaded, registry: Registry) -> list[Finding]:
    providers = open_providers(loaded.config, registry)
    try:
        return await probe_all(providers.values(), loaded.config)
    finally:
        await close_providers(providers)


def _left_out(loaded: Loaded) -> Iterator[Finding]:
    for problem in loaded.problems:
        if problem.code == "provider-left-out":
            name = problem.path.partition(".")[2]
            yield Finding(name, reason=problem.message.partition(": ")[2], left_out=True)


def _table(found: list[Finding]) -> Iterator[str]:
    """Yield the lines of the table, each of them as wide as it has to be."""
    rows = [COLUMNS, *(_row(one) for one in found)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(COLUMNS))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    failed, left_out = sum(one.failed for one in found), sum(one.left_out for one in found)
    yield f"{len(found) - failed - left_out} can be used, {failed} cannot, {left_out} left out"


def _row(one: Finding) -> tuple[str, ...]:
    name = f"{one.provider} (key {one.key})" if one.key else one.provider
    if one.left_out:
        return (name, "", "left out", "", "", "", one.reason)
    models = "" if one.models is None else str(one.models)
    time = "" if one.seconds is None else f"{one.seconds * 1000:.0f} ms"
    return (name, one.type, _said(one.reachable, "no"), _said(one.accepted, "refused"), models, time, one.reason)


def _said(value: bool | None, no: str) -> str:
    return "" if value is None else "yes" if value else no

"""Runs one piece of work on the database that a configuration names, and prints what it gave."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import trio

from sluicegate.adapters.identity.errors import UnusableKeySecret
from sluicegate.adapters.identity.identities import Identities, Issued
from sluicegate.adapters.identity.records import Kind
from sluicegate.adapters.identity.views import view
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.registry import Registry

from ..keeping import open_identities
from ..run import WrongUse
from ..source import load_chosen

T = TypeVar("T")
COLUMNS: dict[Kind, tuple[str, ...]] = {
    "key": ("id", "name", "prefix", "state", "role", "owner", "user", "team", "expires"),
    "user": ("id", "name", "enabled", "team", "limits", "budgets"),
    "team": ("id", "name", "enabled", "limits", "budgets"),
}


def on_database(config: Path | None, work: Callable[[Identities], Awaitable[T]]) -> T:
    """Return what ``work`` does. Blocks.

    Raises:
        WrongUse: It cannot be done, with the reason.
    """
    try:
        identities = open_identities(load_chosen(config, Registry()).config)
    except ConfigError as error:
        raise WrongUse(f"the configuration is wrong, see `sluicegate lint`: {error.problems[0]}") from error

    async def run() -> T:
        try:
            await identities.prepare()
            return await work(identities)
        finally:
            await identities.database.aclose()

    try:
        return trio.run(run)
    except (GatewayError, UnusableKeySecret) as error:
        raise WrongUse(str(error)) from error


def print_list(kind: Kind, config: Path | None, as_json: bool, **where: str | None) -> None:
    """Print all of a kind that are so."""
    wanted = {name: value for name, value in where.items() if value}

    async def work(identities: Identities) -> list[Any]:
        found: list[Any] = []
        more, after = True, ""
        while more:
            page = await identities.page(kind, after=after, limit=1000, **wanted)
            found += page.records
            more, after = page.more, found[-1].id if found else ""
        return found

    rows = [view(one, time.time()) for one in on_database(config, work)]
    if as_json:
        print(json.dumps({"data": rows}, indent=2, ensure_ascii=False))
    else:
        print(*_table(COLUMNS[kind], rows), f"{len(rows)} {kind}{'' if len(rows) == 1 else 's'}", sep="\n")


def print_one(record: Any, as_json: bool) -> None:
    """Print one, or one that was just made or rotated, with its text."""
    issued = isinstance(record, Issued)
    shown = view(record.key if issued else record, time.time())
    if as_json:
        print(json.dumps({**shown, "key": record.text} if issued else shown, indent=2, ensure_ascii=False))
        return
    if issued:
        print(f"key: {record.text}", "     (keep it safe: it is not shown again)", sep="\n")
    for name, value in shown.items():
        print(f"{name}: {_cell(value)}")


def change(kind: Kind, wanted: str, config: Path | None, given: dict[str, Any]) -> Any:
    """Return a record after a change. Of its limits and budgets those change that are named."""
    if not given:
        raise WrongUse(f"nothing to change: say what, see `sluicegate {kind}s update --help`")

    async def work(identities: Identities) -> Any:
        before = view(await identities.get(kind, wanted, by_name=True), time.time())
        told = dict(given)
        for name in ("limits", "budgets"):
            if name in told:
                told[name] = {**before[name], **told[name]}
        return await identities.change(kind, before["id"], told)

    return on_database(config, work)


def _table(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> Iterator[str]:
    cells = [columns, *(tuple(_cell(row[name]) for name in columns) for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    for line in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        told = {name: one for name, one in value.items() if one is not None}
        return ", ".join(f"{name} {_cell(one)}" for name, one in told.items()) or "-"
    if isinstance(value, list | tuple):
        return " ".join(_cell(one) for one in value) or "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value in (None, "") else str(value)

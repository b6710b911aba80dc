"""What differs between two configurations, in the words of the file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from sluicegate.pipeline.config.problems import Problem
from sluicegate.pipeline.config.sections import GatewayConfig

OF_THE_SUPERVISOR = ("server.host", "server.port", "server.workers", "server.watch")
"""What holds for as long as a process that has workers runs."""
OF_THE_PROCESS = (
    *OF_THE_SUPERVISOR,
    "server.tls",
    "server.patience",
    "server.half_close",
    "database.url",
)
"""What holds for as long as one that serves runs."""


def changes(old: GatewayConfig, new: GatewayConfig) -> list[str]:
    """Return the paths of what differs, in the order of a file: a setting of `server`, a provider, a model, a stage."""
    found: list[str] = []
    for section in GatewayConfig.__struct_fields__:
        before, after = getattr(old, section), getattr(new, section)
        if section == "stages":
            found += _differing("", dict(before), dict(after))
            if [name for name, _ in before] != [name for name, _ in after]:
                found.append("pipeline")
        elif isinstance(after, msgspec.Struct):
            found += _differing(f"{section}.", msgspec.structs.asdict(before), msgspec.structs.asdict(after))
        else:
            found += _differing(f"{section}.", before, after)
            if list(before) != list(after) and set(before) == set(after):
                found.append(section)  # another order of names
    return found


def _differing(prefix: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*before, *after)):
        if name not in before or name not in after or before[name] != after[name]:
            yield prefix + name


def as_started(
    old: GatewayConfig, new: GatewayConfig, names: Collection[str] = OF_THE_PROCESS
) -> tuple[GatewayConfig, list[str]]:
    """Return the new configuration with what only a start can change as it was, and the paths of such changes."""
    kept: dict[str, dict[str, Any]] = {"server": {}, "database": {}}
    waiting = []
    for path in names:
        section, _, name = path.partition(".")
        before = getattr(getattr(old, section), name)
        if getattr(getattr(new, section), name) != before:
            kept[section][name] = before
            waiting.append(path)
    sections = {name: msgspec.structs.replace(getattr(new, name), **values) for name, values in kept.items() if values}
    return msgspec.structs.replace(new, **sections), waiting


def report(changed: list[str], waiting: list[str], problems: Iterable[Problem]) -> dict[str, Any]:
    """Return what a reload has done, as the admin room answers with it."""
    return {
        "changed": changed,
        "needs_restart": waiting,
        "problems": [problem.as_dict() for problem in problems],
    }

"""What differs between two configurations, in the words of the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from sluicegate.pipeline.config.sections import GatewayConfig

AT_START = ("host", "port", "workers", "tls", "patience", "half_close", "watch")
"""Settings of `server` that the process works by, and no gateway in it."""


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


def as_started(old: GatewayConfig, new: GatewayConfig) -> tuple[GatewayConfig, list[str]]:
    """Return the new configuration with what only a start can change as it was, and the paths of such changes."""
    server, database = old.server, old.database
    kept = {name: getattr(server, name) for name in AT_START}
    waiting = [f"server.{name}" for name in AT_START if getattr(new.server, name) != kept[name]]
    if new.database.url != database.url:
        waiting.append("database.url")
    return (
        msgspec.structs.replace(
            new,
            server=msgspec.structs.replace(new.server, **kept),
            database=msgspec.structs.replace(new.database, url=database.url),
        ),
        waiting,
    )

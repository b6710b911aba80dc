"""What several workers do not share: allowed, and to be known, or of no use at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from .checks import Fault
from .convert import Converter
from .limit_sections import RateLimitSettings
from .nodes import Entry
from .pipeline_section import Configured
from .store_settings import MEMORY

APART = "would hold for each of several workers apart: it takes a store that all of them share, such as Redis"


@runtime_checkable
class Apart(Protocol):
    """Settings of a stage of which each worker has a part of its own."""

    def apart(self) -> Iterable[str]:
        """Return what that means, in words that hold no secret."""
        ...


@runtime_checkable
class Unshared(Protocol):
    """Settings that hold nobody to anything as long as workers have no common store."""

    def unshared(self) -> Iterable[Fault]:
        """Return those that are set."""
        ...


def check_workers(stages: Sequence[Configured], shared: Collection[str], converter: Converter) -> None:
    """Report what several workers do not share of what stages do; those who use one of the ``shared`` stores do."""
    stores = stores_of(stages)
    # `limit` holds keys to what `auth` says of them; without it nobody does.
    counts_in = {**stores, "auth": stores.get("limit")}
    for stage in stages:
        if isinstance(stage.settings, Apart) and stores[stage.name] not in shared:
            for what in stage.settings.apart():
                message = f"with several workers, {what}"
                converter.findings.warning("per-worker", message, stage.mark, path=stage.name)
        store = counts_in[stage.name]
        if isinstance(stage.settings, Unshared) and store is not None and store not in shared:
            for fault in stage.settings.unshared():
                converter.report(fault, stage.node, stage.name, stage.mark, code="per-worker")


def check_limits_of(section: str, limits: Mapping[str, RateLimitSettings], entry: Entry, converter: Converter) -> None:
    """Report limits of requests under way of the entries of a section, such as ``providers``, by their names."""
    for name, limit in limits.items():
        if limit.concurrency is not None:
            fault = Fault((name, "rate_limit", "concurrency"), APART)
            converter.report(fault, entry.node, section, entry.mark, code="per-worker")


def stores_of(stages: Sequence[Configured]) -> dict[str, str]:
    """Return the stores that stages count in, by their names."""
    return {stage.name: getattr(stage.settings, "store", MEMORY) for stage in stages}

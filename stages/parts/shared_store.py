"""The store that a stage's settings name, and what the stage does while that is away."""

from __future__ import annotations

from typing import Literal

from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.store import Store

OnFailure = Literal["open", "closed"] | None
"""None is for what the store itself says."""


def store_of(name: str, resources: Resources) -> Store:
    """Return the store of this name. Raises ValueError where there is none."""
    store = resources.stores.get(name)
    if store is None:
        raise ValueError(f"there is no store {name!r}; there are {', '.join(sorted(resources.stores))}")
    return store


def is_open(on_failure: OnFailure, store: Store) -> bool:
    """Say whether to go on without a store that is away: as the stage's own setting says, or else the store's."""
    return (on_failure or getattr(store, "on_failure", "open")) == "open"

"""What can be said of a place for shared state."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from .checks import Check, Checked
from .kinds import Duration, Secret
from .wire_checks import redis_url

MEMORY = "memory"
"""The store that always exists: each process' own, or the host's where it has several workers."""


class StoreSettings(Checked, kw_only=True, frozen=True):
    """Where several gateways keep what they share."""

    checks: ClassVar[tuple[Check, ...]] = (redis_url,)

    type: Annotated[Literal["redis"], Meta(description="What it is: Redis 6 or later, or what speaks like it.")]
    url: Annotated[
        Secret,
        Meta(
            description="redis://user:password@host:6379/0, rediss:// for TLS, unix:///path/to/socket?db=0. Without "
            "one the store is left out, and what names it stays in memory."
        ),
    ] = Secret("")
    on_failure: Annotated[
        Literal["open", "closed"],
        Meta(description="While it cannot be used: open goes on without it, closed answers 503."),
    ] = "open"
    timeout: Annotated[
        Duration,
        Meta(
            gt=0,
            description="How long an answer may take. When one does not come, calls fail at once until it is back.",
        ),
    ] = 0.05
    prefix: Annotated[
        str, Meta(max_length=100, description="What all keys begin with: gateways with the same share everything.")
    ] = "sluicegate:"


STORES = "What gateways share, by the names that stages have in `store`; `memory` always exists."
"""What the section is for."""

"""What a whole configuration offers, for stages whose settings name models."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from .checks import Fault


@dataclass(frozen=True, slots=True)
class Offer:
    """Which models may be asked for.

    Attributes:
        models: Public names.
        providers: Providers by name, in use or not; ``provider/model`` means any model of one.
        any_name: Whether a name without a slash is a model of the only provider.
    """

    models: Collection[str]
    providers: Collection[str]
    any_name: bool


@runtime_checkable
class Choosy(Protocol):
    """Settings that name models."""

    def unmet(self, offer: Offer) -> Iterable[Fault]:
        """Return what names none that is offered: allowed, and probably a mistake."""
        ...

"""What several workers do not share: allowed, and to be known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, runtime_checkable

from .convert import Converter
from .pipeline_section import Configured
from .store_settings import MEMORY


@runtime_checkable
class Apart(Protocol):
    """Settings of a stage of which each worker has a part of its own."""

    def apart(self) -> Iterable[str]:
        """Return what that means, in words that hold no secret."""
        ...


def check_workers(stages: Sequence[Configured], shared: Collection[str], converter: Converter) -> None:
    """Report what several workers do not share of what stages do; those who use one of the ``shared`` stores do."""
    for stage in stages:
        if isinstance(stage.settings, Apart) and getattr(stage.settings, "store", MEMORY) not in shared:
            for what in stage.settings.apart():
                message = f"with several workers, {what}"
                converter.findings.warning("per-worker", message, stage.mark, path=stage.name)

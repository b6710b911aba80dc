"""What makes a list of stages a pipeline: one `call`, lanes in their order, and needed ones before who needs them.

And what is allowed and unwise in a stage's settings: a struct of them may have ``doubts()`` that yields it in words,
and ``unmet()`` that yields the models which it names and nobody offers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol, runtime_checkable

from ..stage import Lane
from .convert import Converter
from .offer import Choosy, Offer
from .pipeline_section import Configured
from .problems import Findings, Mark, Severity

CALL = "call"
EXPECTED = {
    "validate": "unless a stage of your own reads them, requests have no model",
    "route": "unless a stage of your own makes the plan, every request fails",
}
"""Stages that a pipeline rarely does without, and why."""
AFTER = {
    "auth": ("validate",),
    "limit": ("auth",),
    "filter": ("validate",),
    "recall": ("validate", "auth"),
    "cache": ("validate", "auth"),
    "route": ("validate",),
}
"""Stages, and those whose findings they use.

Each pair the other way round would do harm without a word: `auth` before `validate` knows no model to hold a key to,
`filter` no text; `cache` before `auth` would answer everybody from one cache, `limit` count everybody as one.
"""
_ORDER = list(Lane)


@runtime_checkable
class Doubtful(Protocol):
    """Settings that may be unwise."""

    def doubts(self) -> Iterable[str]:
        """Return what is, in words that hold no secret."""
        ...


@runtime_checkable
class Storing(Protocol):
    """Settings of a stage that name the store which it keeps its state in."""

    @property
    def store(self) -> str:
        """The store's name."""
        ...

    @property
    def on_failure(self) -> Literal["open", "closed"] | None:
        """What to do while it cannot be used; None leaves that to the store's own settings."""
        ...


def check_offer(stages: Sequence[Configured], offer: Offer, converter: Converter) -> None:
    """Report models that settings name and nobody offers."""
    for stage in stages:
        if isinstance(stage.settings, Choosy):
            for fault in stage.settings.unmet(offer):
                converter.report(
                    fault, stage.node, stage.name, stage.mark, code="unknown-model", severity=Severity.WARNING
                )


def check_order(stages: Sequence[Configured], mark: Mark, findings: Findings) -> None:
    """Report what keeps the stages from being a pipeline. ``mark`` is where the list begins."""
    names = [stage.name for stage in stages]
    if CALL not in names:
        message = "the pipeline has no `call`: nothing would be answered"
        hint = "add it after the stages that decide where a request goes"
        findings.error("no-call", message, mark, path="pipeline", hint=hint)
    for name, hint in EXPECTED.items():
        if name not in names:
            findings.warning("no-stage", f"the pipeline has no `{name}`", mark, path="pipeline", hint=hint)
    for at, stage in enumerate(stages):
        for needed in AFTER.get(stage.name, ()):
            if needed in names[at:]:
                message = f"stage {stage.name!r} stands before {needed!r}, whose findings it uses"
                findings.error("stage-order", message, stage.mark, path="pipeline", hint=f"move {needed!r} before it")
    _check_lanes(stages, findings)
    for stage in stages:
        if isinstance(stage.settings, Doubtful):
            for doubt in stage.settings.doubts():
                findings.warning("unwise", doubt, stage.mark, path=stage.name)


def _check_lanes(stages: Sequence[Configured], findings: Findings) -> None:
    latest: Configured | None = None
    for stage in stages:
        if latest is not None and _ORDER.index(stage.lane) < _ORDER.index(latest.lane):
            message = (
                f"stage {stage.name!r} is of the {stage.lane.value} lane, and cannot stand "
                f"after {latest.name!r} of the {latest.lane.value} lane"
            )
            findings.error("lane-order", message, stage.mark, path="pipeline", hint=f"move it before {latest.name!r}")
        elif stage.lane is Lane.REQUEST and latest is not None and latest.name == CALL:
            message = f"stage {stage.name!r} is of the request lane, which ends with `call`: it would never run"
            findings.error("lane-order", message, stage.mark, path="pipeline", hint="move it before 'call'")
        else:
            latest = stage

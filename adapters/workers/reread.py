"""What became of reading the configuration anew: for the new workers, and for whoever has asked for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sluicegate.adapters.http.reloading import CannotReload
from sluicegate.pipeline.config.problems import Mark, Problem, Severity

from .post import Post


class Reread(NamedTuple):
    """A configuration that can be used, or all reasons why it cannot.

    Attributes:
        told: What has changed, or what is wrong, in plain values, as the admin room answers with it.
        post: What new workers are given; None keeps the old ones.
        max_series: The most series of the figures of all workers then.
    """

    told: dict[str, Any]
    post: Post | None = None
    max_series: int = 0


def refused(problems: Iterable[Problem]) -> Reread:
    """Return what keeps the old workers."""
    return Reread({"problems": [problem.as_dict() for problem in problems]})


def changed_in(told: dict[str, Any]) -> dict[str, Any]:
    """Return what has changed, on the other side of a channel. Raises CannotReload if all stays as it is."""
    if "changed" not in told:
        raise CannotReload(map(_problem, told["problems"]))
    return told


def _problem(values: dict[str, Any]) -> Problem:
    return Problem(
        values["message"],
        values["code"],
        Mark(values["line"], values["column"]),
        Severity(values["severity"]),
        values["hint"],
        values["path"],
        values["file"],
    )

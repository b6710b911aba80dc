"""What a start says of what waits for keys or a URL in a configuration: a line, where lint has one for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sluicegate.pipeline.config.problems import Problem

FEW = 2
"""As many are told one by one."""
_CODES = {"provider-left-out": "providers", "model-left-out": "models", "store-left-out": "stores"}


def told_at_start(problems: Iterable[Problem]) -> Iterator[str]:
    """Yield the lines of a configuration's warnings."""
    left_out: dict[str, list[Problem]] = {}
    for problem in problems:
        if problem.code in _CODES:
            left_out.setdefault(problem.code, []).append(problem)
        else:
            yield str(problem)
    waiting = [problem for found in left_out.values() for problem in found]
    if len(waiting) <= FEW:
        yield from map(str, waiting)
        return
    names = [f"{_CODES[code]} {', '.join(map(_name, found))}" for code, found in left_out.items()]
    file = f"{waiting[0].file}: " if waiting[0].file else ""
    yield f"{file}warning: left out for want of keys: {'; '.join(names)} (`sluicegate lint` says which)"


def _name(problem: Problem) -> str:
    return problem.path.partition(".")[2]

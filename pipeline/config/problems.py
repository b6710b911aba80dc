"""What is wrong with a configuration, and where. All of it is told at once, not only the first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """An error keeps the gateway from starting; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Mark(NamedTuple):
    """A place in a file, counted from 1; line 0 is no place, as in settings made by a program."""

    line: int = 0
    column: int = 0


NOWHERE = Mark()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        message: Names the thing. What came from a variable may be a secret and is not shown, but for names of
            providers, targets and stages.
        code: A stable name for programs, such as ``unknown-key``.
        hint: What to do about it, or empty.
        path: Which setting, such as ``providers.openai.timeout``.
        file: The file as it was named, or empty.
    """

    message: str
    code: str
    mark: Mark = NOWHERE
    severity: Severity = Severity.ERROR
    hint: str = ""
    # Not compared: what an alias brings to two places is wrong once.
    path: str = field(default="", compare=False)
    file: str = ""

    def __str__(self) -> str:
        """Return one line, as compilers print it: ``config.yaml:12:5: error: unknown key 'a'; did you mean 'b'?``."""
        place = [self.file] if self.file else []
        if self.mark != NOWHERE:
            place += [str(self.mark.line), str(self.mark.column)]
        said = f"{self.message}; {self.hint}" if self.hint else self.message
        if self.mark == NOWHERE and self.path and f", {self.path}: " not in said:
            said = f"{self.path}: {said}"
        return f"{':'.join(place)}: {self.severity}: {said}" if place else f"{self.severity}: {said}"

    def as_dict(self) -> dict[str, str | int]:
        """Return the problem for a program to read; line and column count from 1, and are 0 where there is none."""
        return {
            "file": self.file,
            "line": self.mark.line,
            "column": self.mark.column,
            "severity": str(self.severity),
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "path": self.path,
        }


class ConfigError(ValueError):
    """A configuration cannot be used.

    Attributes:
        problems: All that is wrong, warnings too, in the order of the file.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(slots=True)
class Findings:
    """Collects problems while a configuration is read; the same one twice counts once."""

    file: str = ""
    _problems: dict[Problem, None] = field(default_factory=dict)

    def add(self, problem: Problem) -> None:
        """Add one."""
        self._problems[replace(problem, file=self.file)] = None

    def error(self, code: str, message: str, mark: Mark, *, path: str = "", hint: str = "") -> None:
        """Add an error."""
        self.add(Problem(message, code, mark, hint=hint, path=path))

    def warning(self, code: str, message: str, mark: Mark, *, path: str = "", hint: str = "") -> None:
        """Add a warning."""
        self.add(Problem(message, code, mark, Severity.WARNING, hint=hint, path=path))

    def take(self, others: Findings, *, without: frozenset[str] = frozenset()) -> None:
        """Add what others found, but for problems with the codes ``without``."""
        for problem in others._problems:
            if problem.code not in without:
                self.add(problem)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All of them, in the order of the file."""
        return tuple(sorted(self._problems, key=lambda problem: (problem.mark, problem.severity)))

    @property
    def failed(self) -> bool:
        """Whether there is an error among them."""
        return any(problem.severity is Severity.ERROR for problem in self._problems)

    def check(self) -> None:
        """Raise ConfigError if there is an error among them."""
        if self.failed:
            raise ConfigError(self.problems)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that ``name`` was probably meant to be, or an empty string."""
    import difflib  # only a mistake needs it

    known = list(known)
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    found = found or [other for other in known if other.lower() == name.lower().replace("-", "_")]
    return found[0] if found else ""


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown name: the nearest one, or all if they are few."""
    known = sorted(known)
    if found := nearest(name, known):
        return f"did you mean {found!r}?"
    if not known:
        return ""
    return f"known: {', '.join(known)}" if len(known) <= 16 else ""

"""Conditions on requests, written in CEL (https://cel.dev): compiled once, with all that is wrong told by its place.

Every name that a condition may use is declared with its type, so that a misspelt one is found before anything runs. To
evaluate one takes some microseconds, and is bounded, whatever it is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from .errors import GatewayError

_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_PATTERN = re.compile(r"""\.matches\(\s*(r?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))\s*\)""")
_TOP_LEVEL = "(in container '')"


class Fact(NamedTuple):
    """Something that a condition may look at: its type in CEL, and what it is."""

    type: str
    what: str


FACTS: Mapping[str, Fact] = {
    "request.operation": Fact("string", "what is asked for, such as chat or embedding"),
    "request.dialect": Fact("string", "whose API the caller speaks"),
    "request.model": Fact("string", "the model asked for"),
    "request.stream": Fact("bool", "whether the answer is to be streamed"),
    "request.size": Fact("int", "bytes of the body"),
    "request.tokens": Fact("int", "about how many tokens its texts have"),
    "request.text": Fact("string", "all of its texts, a line each"),
    "request.headers": Fact("map<string, string>", "headers by their names in lower case, without credentials"),
    "request.fields": Fact("map<string, dyn>", "the body as it came"),
    "caller.tenant": Fact("string", "the name that the caller's cache and counters have"),
    "caller.key": Fact("string", "the name of the caller's key"),
    "caller.user": Fact("string", "the user behind it"),
    "caller.team": Fact("string", "the user's team"),
    "caller.metadata": Fact("map<string, dyn>", "what the configuration says of the key"),
    "now": Fact("google.protobuf.Timestamp", "the time; now.getHours('Europe/Berlin') is an hour of the day"),
}
"""What conditions may look at."""


FIRST_FACT = "## What conditions may look at"


def markdown() -> str:
    """Return the table of all that conditions may look at, with its heading."""
    lines = [f"| `{name}` | `{fact.type}` | {fact.what} |" for name, fact in FACTS.items()]
    return "\n".join([FIRST_FACT, "", "| name | type | |", "|---|---|---|", *lines, ""])


class ConditionError(ValueError):
    """A condition is no good. Lines and columns begin at 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class ConditionFailed(GatewayError):
    """A condition could not be evaluated on this request, such as for a header that it does not have."""

    code = "condition_failed"


class Condition:
    """A condition, ready to be evaluated.

    Attributes:
        text: As it was written.
        facts: The names that it looks at, of `FACTS`.
    """

    def __init__(self, text: str, expression: Any) -> None:
        self.text = text
        self.facts = tuple(name for name in FACTS if re.search(rf"(?<![\w.]){re.escape(name)}\b", text))
        self._expression = expression
        self._bool = _cel().Type.BOOL

    def __repr__(self) -> str:
        return f"<Condition {self.text}>"

    def holds(self, fact: Callable[[str], Any]) -> bool:
        """Say whether it holds, with facts by their names. Not a checkpoint.

        Raises:
            ConditionFailed: It cannot be said.
        """
        value = self._expression.eval(data={name: fact(name) for name in self.facts})
        if value.type() != self._bool:
            raise ConditionFailed(f"condition {self.text!r} cannot be evaluated: {value.value()}")
        return bool(value.value())


@lru_cache(maxsize=1024)
def compile_condition(text: str) -> Condition:
    """Return the condition that a text means.

    Raises:
        ConditionError: It is none: a name is unknown, types do not fit, it is not a yes or no.
    """
    try:
        expression = _environment().compile(text)
    except RuntimeError as error:
        raise _placed(str(error)) from None
    if expression.return_type() != _cel().Type.BOOL:
        raise ConditionError(f"a condition has to be true or false, and this one is of type {_type_of(expression)}")
    for literal in _PATTERN.finditer(text):
        _check_pattern(text, literal)
    return Condition(text, expression)


def _placed(told: str) -> ConditionError:
    """Return the first of the compiler's errors, with its place."""
    found = _PLACE.search(told)
    if found is None:
        return ConditionError(told.partition("\n")[0])
    line, column, message = found.groups()
    return ConditionError(_in_words(message), int(line), int(column))


def _in_words(message: str) -> str:
    message = message.replace("[INVALID_ARGUMENT]", "").replace(_TOP_LEVEL, "").strip()
    unknown = re.fullmatch(r"undeclared reference to '(.*)'", message)
    if unknown is None:
        return message
    return f"unknown name {unknown[1]!r}"


def _check_pattern(text: str, literal: re.Match[str]) -> None:
    """Raise ConditionError for a regular expression that is none: CEL itself says so only once it is used."""
    value = _environment().compile(f"''.matches({literal[1]})").eval()
    if value.type() != _cel().Type.BOOL:
        before = text[: literal.start(1)]
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        raise ConditionError(str(value.value()).removeprefix("INVALID_ARGUMENT: "), line, column)


def _type_of(expression: Any) -> str:
    return str(expression.return_type().name()).lower()


@lru_cache(maxsize=1)
def _cel() -> Any:
    """Return the library, which is loaded where the first condition is read, and else never."""
    from cel_expr_python import cel

    return cel


@lru_cache(maxsize=1)
def _environment() -> Any:
    types = _cel().Type
    named = {
        "string": types.STRING,
        "bool": types.BOOL,
        "int": types.INT,
        "google.protobuf.Timestamp": types.TIMESTAMP,
        "map<string, string>": types.Map(types.STRING, types.STRING),
        "map<string, dyn>": types.Map(types.STRING, types.DYN),
    }
    return _cel().NewEnv(variables={name: named[fact.type] for name, fact in FACTS.items()})

"""What a settings class says of its fields beyond their kinds: checks, each of which names the fields that it reads.

A check runs where all that it reads could be read, whatever else is wrong: one mistake hides no other. What it finds it
tells by the way to it, so that a file's line and column can be told. Settings that a program makes itself are checked
too, once they are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, NamedTuple

import msgspec

Path = tuple[str | int, ...]
"""The way from settings to a value inside of them: names of fields, keys of maps, places in lists."""
EACH = "[]"


class Fault(NamedTuple):
    """What a check found wrong.

    Attributes:
        path: The culprit.
        message: What is wrong with it, as it goes on behind the culprit's name. It holds no value.
        shown: The culprit's value, if people may see it; not shown where it came from a variable.
        key: Whether the culprit is the last key of the path, and not what stands there.
    """

    path: Path
    message: str
    shown: str | None = None
    key: bool = False

    def said(self, *, hide: bool = False) -> str:
        """Return the message, with the value where it may be shown."""
        return self.message if self.shown is None or hide else f"{self.shown!r} {self.message}"


@dataclass(frozen=True, slots=True)
class Check:
    """One check, and what it reads. Made by `check`."""

    reads: tuple[str, ...]
    find: Callable[..., Iterable[Fault]]

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that it reads."""
        return tuple(read.partition(EACH)[0] for read in self.reads)

    def faults(self, values: Mapping[str, Any]) -> Iterable[Fault]:
        """Return what is wrong with these values of fields, of which some may be failed."""
        arguments = [_seen(read, values) for read in self.reads]
        return () if any(isinstance(one, Failed) for one in arguments) else self.find(*arguments)


def check(*reads: str) -> Callable[[Callable[..., Iterable[Fault]]], Check]:
    """Make a check of a function that takes what ``reads`` names, in this order, and returns faults.

    ``name`` is the field itself. ``name[]`` is a dict of the elements of a list or map, by place or key, and
    ``name[].field`` of that field of each of them; elements that could not be read are not in it.
    """
    return lambda find: Check(reads, find)


@dataclass(frozen=True, slots=True)
class Failed:
    """Stands for a value that could not be made; the findings say why.

    Attributes:
        parts: What is known of it: fields by name, elements by place or key. Some may be failed themselves.
    """

    parts: Mapping[Any, Any] = field(default_factory=dict)


FAILED: Final = Failed()


class Checked(msgspec.Struct, kw_only=True, frozen=True):
    """Settings with checks. A class that extends others names their checks with its own."""

    checks: ClassVar[tuple[Check, ...]] = ()

    def __post_init__(self) -> None:
        """Check what a program has made. Raises ValueError with everything that is wrong."""
        values = {name: getattr(self, own) for name, own in zip(*_names(type(self)), strict=True)}
        if said := [f"{in_words(fault.path)}: {fault.said()}" for _, fault in faults_of(type(self), values)]:
            raise ValueError("; ".join(said))


def faults_of(settings: type[msgspec.Struct], values: Mapping[str, Any]) -> Iterator[tuple[Check, Fault]]:
    """Yield what the checks of a settings class find in the values of its fields, by the names that a file writes."""
    for one in settings.checks if issubclass(settings, Checked) else ():
        for fault in one.faults(values):
            yield one, fault


def in_words(path: Path) -> str:
    """Return a path as people write it, such as ``cors.allowed_origins[1]``."""
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return words.removeprefix(".")


def _names(settings: type[msgspec.Struct]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return settings.__struct_encode_fields__, settings.__struct_fields__


def _seen(read: str, values: Mapping[str, Any]) -> Any:
    name, each, inner = read.partition(EACH)
    value = values[name]
    if not each:
        return value
    if isinstance(value, Failed):
        elements: Mapping[Any, Any] = value.parts
    else:
        elements = value if isinstance(value, Mapping) else dict(enumerate(value or ()))
    if inner:
        elements = {at: _field(element, inner[1:]) for at, element in elements.items()}
    return {at: element for at, element in elements.items() if not isinstance(element, Failed)}


def _field(element: Any, name: str) -> Any:
    return element.parts.get(name, FAILED) if isinstance(element, Failed) else getattr(element, name)

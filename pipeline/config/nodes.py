"""The tree that a configuration is read into: scalars, lists and maps that know their line and column.

A tree comes from YAML (see `parse`), from JSON text, or from the values of a program. What a scalar means is decided
later, by the field that it is for: here it is text and the way it was written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from .kinds import Secret
from .problems import NOWHERE, Mark


class Style(Enum):
    """How a scalar was written.

    PLAIN may be a number, a boolean or nothing. QUOTED is text. EXPANDED is text with a variable in it, which becomes
    whatever its field wants. CODE is a program's number: its unit is the code's own (seconds, bytes).
    """

    PLAIN = "plain"
    QUOTED = "quoted"
    EXPANDED = "expanded"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A single value. ``source`` names the variables it came from; such text may be a secret and is never shown."""

    text: str = field(repr=False)
    mark: Mark = NOWHERE
    style: Style = Style.PLAIN
    source: str = ""


@dataclass(frozen=True, slots=True)
class ListNode:
    """Values in order."""

    items: tuple[Node, ...]
    mark: Mark = NOWHERE
    source: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a map, and where its key stands."""

    mark: Mark
    node: Node


@dataclass(frozen=True, slots=True)
class MapNode:
    """Values by key, in order."""

    entries: Mapping[str, Entry]
    mark: Mark = NOWHERE
    source: str = ""


@dataclass(frozen=True, slots=True)
class ObjectNode:
    """A value that a program made ready, such as a settings object."""

    value: object = field(repr=False)
    mark: Mark = NOWHERE
    source: str = ""


Node = ScalarNode | ListNode | MapNode | ObjectNode


class NotJson(ValueError):
    """The text is not the JSON that is wanted; says why, without any of the text."""


def from_json(text: str, mark: Mark, source: str) -> Node:
    """Read JSON into a tree whose every node stands at ``mark``.

    Raises:
        NotJson: The text is not JSON, or an object names a key twice.
    """

    def number(text: str) -> ScalarNode:
        return ScalarNode(text, mark, Style.PLAIN, source)

    def mapping(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in pairs:
            if key in found:
                raise NotJson("it names a key twice")
            found[key] = value
        return found

    try:
        # Numbers stay text, so that a field decides what they are, as with YAML's.
        value = json.loads(text, parse_int=number, parse_float=number, parse_constant=number, object_pairs_hook=mapping)
        return from_values(value, mark, source)
    except json.JSONDecodeError as error:
        # Not chained: that error carries the text.
        raise NotJson(f"{error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise NotJson("it is nested too deeply") from None


def from_values(value: object, mark: Mark = NOWHERE, source: str = "") -> Node:
    """Turn a program's plain values into a tree; anything that is not plain stays as it is."""
    match value:
        case ScalarNode():
            return value
        case None:
            return ScalarNode("null", mark, Style.PLAIN, source)
        case bool():
            return ScalarNode("true" if value else "false", mark, Style.PLAIN, source)
        case int() | float():
            return ScalarNode(repr(value), mark, Style.CODE, source)
        case Secret():
            return ScalarNode(str(value), mark, Style.QUOTED, source or "a secret")
        case str():
            return ScalarNode(str(value), mark, Style.QUOTED, source)
        case list() | tuple() | set() | frozenset():
            return ListNode(tuple(from_values(item, mark, source) for item in value), mark, source)
        case Mapping():
            entries = {str(key): Entry(mark, from_values(item, mark, source)) for key, item in value.items()}
            return MapNode(entries, mark, source)
        case _:
            return ObjectNode(value, mark, source)

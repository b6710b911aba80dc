"""Scalars to the values of single fields: numbers, booleans, text, and what carries a unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from .kinds import Secret
from .nodes import ListNode, MapNode, Node, ObjectNode, ScalarNode, Style
from .scalars import boolean, is_nothing, is_number, number, whole
from .shapes import Kind, Shape, fields_of
from .units import (
    read_duration,
    read_item_price,
    read_money,
    read_rate,
    read_size,
    read_spend,
    read_token_price,
    show_duration,
    show_size,
)

_SHOWN = 40
_READERS: dict[Kind, Callable[[str], Any]] = {
    Kind.DURATION: read_duration,
    Kind.SIZE: read_size,
    Kind.RATE: read_rate,
    Kind.MONEY: read_money,
    Kind.SPEND: read_spend,
    Kind.TOKEN_PRICE: read_token_price,
    Kind.ITEM_PRICE: read_item_price,
}
EXAMPLES = {
    Kind.WHOLE: "a whole number",
    Kind.NUMBER: "a number",
    Kind.BOOLEAN: "true or false",
    Kind.DURATION: "a duration such as 30s",
    Kind.SIZE: "a size such as 10MiB",
    Kind.RATE: "a rate such as 600/min",
    Kind.MONEY: "money such as $2.50",
    Kind.SPEND: "money in a time such as $5/h",
    Kind.TOKEN_PRICE: "a price such as $0.15/M",
    Kind.ITEM_PRICE: "a price such as $0.04",
    Kind.LIST: "a list",
    Kind.MAP: "a map",
    Kind.SECTION: "a map of settings",
    Kind.ANYTHING: "a value",
}


class WrongValue(ValueError):
    """A value is not what its field wants. ``code`` is ``wrong-type`` or ``wrong-value``."""

    def __init__(self, message: str, code: str = "wrong-value", hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


def wanted(shape: Shape) -> str:
    """Say what a shape wants, as in "expected ..."."""
    if shape.kind is Kind.CHOICE:
        return f"one of {', '.join(map(str, shape.choices))}"
    if shape.kind is Kind.EITHER:
        return " or ".join(map(wanted, shape.either))
    return EXAMPLES.get(shape.kind, "text")


def found(node: Node, shape: Shape) -> str:
    """Say what a node is, without its value where that may be a secret."""
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, MapNode):
        return "a map"
    if isinstance(node, ObjectNode):
        return f"a {type(node.value).__name__}"
    if node.style is Style.PLAIN and is_nothing(node.text):
        return "nothing"
    if node.source or _may_hold_a_secret(shape):
        return _kind(node)
    text = node.text if len(node.text) <= _SHOWN else f"{node.text[:_SHOWN]}..."
    if node.style in (Style.PLAIN, Style.CODE) and (is_number(node.text) or boolean(node.text) is not None):
        return text
    return f"the text {text!r}"


def _may_hold_a_secret(shape: Shape) -> bool:
    """Say whether a text that stands where this belongs may be a key: by itself, or where one belongs further in."""
    if shape.kind in (Kind.SECRET, Kind.MAP):  # a map of headers may have one, under any name
        return True
    inside = [*shape.either, *([shape.element] if shape.element is not None else [])]
    if shape.section is not None:
        inside += [field.shape for field in fields_of(shape.section).values()]
    return any(map(_may_hold_a_secret, inside))


def _kind(node: ScalarNode) -> str:
    """Say what a value is that nobody may see."""
    if not node.text.strip():
        return "empty text"
    if node.style is not Style.QUOTED and boolean(node.text) is not None:
        return "a boolean"
    return "a number" if node.style is not Style.QUOTED and is_number(node.text) else "text"


def mismatch(node: Node, shape: Shape) -> WrongValue:
    """Return the error for a node that is nothing like what its field wants."""
    hint = ""
    if isinstance(node, ScalarNode) and node.style is Style.QUOTED and not node.source:
        bare = {Kind.WHOLE: whole, Kind.NUMBER: number, Kind.BOOLEAN: boolean}.get(shape.kind)
        if bare is not None and bare(node.text) is not None:
            hint = "write it without quotes"
    if shape.kind is Kind.BOOLEAN and isinstance(node, ScalarNode) and not node.source:
        meant = {"on": "true", "yes": "true", "off": "false", "no": "false"}.get(node.text.lower())
        hint = f"write {meant}" if meant else hint
    return WrongValue(f"expected {wanted(shape)}, found {found(node, shape)}", "wrong-type", hint)


def leaf(shape: Shape, node: ScalarNode) -> Any:
    """Return the value of a scalar for a field of this shape.

    Raises:
        WrongValue: It is of another type, or has no unit, or is out of bounds.
    """
    value = _read(shape, node)
    check_limits(shape, value, node)
    return value


def _read(shape: Shape, node: ScalarNode) -> Any:
    match shape.kind:
        case Kind.TEXT | Kind.SECRET:
            return _text(shape, node)
        case Kind.CHOICE:
            for choice in shape.choices:
                if str(choice) == node.text:
                    return msgspec.convert(choice, shape.annotation)
            raise mismatch(node, shape)
        case kind if kind in _READERS:
            return _with_unit(shape, node)
        case Kind.ANYTHING:
            return _anything(node)
    if node.style is not Style.QUOTED:
        value: Any = {Kind.WHOLE: whole, Kind.NUMBER: number, Kind.BOOLEAN: boolean}[shape.kind](node.text)
        if value is not None:
            return value
    raise mismatch(node, shape)


def _text(shape: Shape, node: ScalarNode) -> str:
    """Return text as written. A number is taken for text where text is wanted; a boolean or nothing is a mistake."""
    if node.style is Style.PLAIN and (is_nothing(node.text) or boolean(node.text) is not None):
        error = mismatch(node, shape)
        error.hint = f'write "{node.text}" in quotes' if not is_nothing(node.text) else 'write "" for empty text'
        raise error
    return Secret(node.text) if shape.kind is Kind.SECRET else node.text


def _with_unit(shape: Shape, node: ScalarNode) -> Any:
    if node.style is Style.CODE and shape.kind in (Kind.DURATION, Kind.SIZE):
        bare = number(node.text) if shape.kind is Kind.DURATION else whole(node.text)
        if bare is not None:
            return bare
    if node.style is Style.PLAIN and is_nothing(node.text):
        raise mismatch(node, shape)
    try:
        return _READERS[shape.kind](node.text)
    except ValueError as error:
        if node.source:
            raise mismatch(node, shape) from None  # that error carries the text
        raise WrongValue(str(error)) from error


def _anything(node: ScalarNode) -> Any:
    if node.style in (Style.QUOTED, Style.EXPANDED):
        return node.text
    if is_nothing(node.text):
        return None
    for read in (boolean, whole, number):
        if (value := read(node.text)) is not None:
            return value
    return node.text


def check_limits(shape: Shape, value: Any, node: Node) -> None:
    """Raise WrongValue if a value is out of its field's bounds."""
    try:
        msgspec.convert(str(value) if shape.kind is Kind.SECRET else value, shape.annotation)
    except msgspec.ValidationError as error:
        if not shape.limits:
            raise WrongValue(str(error)) from None
        hidden = shape.kind is Kind.SECRET or (node.source and not isinstance(value, int | float))
        is_ = "" if hidden else f", is {show(shape, value)}"
        raise WrongValue(f"must be {limits_in_words(shape)}{is_}") from None


def show(shape: Shape, value: Any) -> str:
    """Return a single value as a file would write it."""
    if shape.kind is Kind.DURATION:
        return show_duration(value)
    if shape.kind is Kind.SIZE:
        return show_size(value)
    if isinstance(value, list | tuple | set | frozenset | dict):
        return f"{len(value)} long"
    text = repr(value) if isinstance(value, str) else f"{value:.12g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def limits_in_words(shape: Shape) -> str:
    """Return the bounds of a shape as people say them, such as "at least 1 and at most 10"; empty if there are none."""
    words = {
        "ge": "at least {}",
        "gt": "more than {}",
        "le": "at most {}",
        "lt": "less than {}",
        "multiple_of": "a multiple of {}",
        "min_length": "at least {} long",
        "max_length": "at most {} long",
        "pattern": "of the form {}",
    }
    parts = []
    for name, bound in shape.limits:
        shown = str(bound) if "length" in name or name == "pattern" else show(shape, bound)
        parts.append(words[name].format(shown))
    return " and ".join(parts)

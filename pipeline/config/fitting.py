"""Whether a node is of the kind that a shape wants, before anybody looks at its value."""

from __future__ import annotations

from typing import Any

import msgspec

from .leaves import mismatch
from .nodes import ListNode, MapNode, Node, ObjectNode, ScalarNode, Style
from .scalars import is_nothing
from .shapes import Kind, Shape


def empty(node: Node) -> bool:
    """Say whether nothing stands where a list or map may."""
    return isinstance(node, ScalarNode) and node.style is not Style.QUOTED and is_nothing(node.text)


def wants_text(shape: Shape) -> bool:
    """Say whether a variable's text is the value itself; for lists, maps and sections it is JSON."""
    if shape.kind is Kind.EITHER:
        return any(map(wants_text, shape.either))
    return shape.kind not in (Kind.LIST, Kind.MAP, Kind.SECTION)


def fits(shape: Shape, node: Node) -> bool:
    """Say whether a shape is of a node's kind: one value, a list or a map."""
    if isinstance(node, ObjectNode):
        return True
    if isinstance(node, ListNode):
        return shape.kind is Kind.LIST
    if isinstance(node, MapNode):
        return shape.kind in (Kind.MAP, Kind.SECTION)
    return shape.kind not in (Kind.LIST, Kind.MAP, Kind.SECTION)


def ready(shape: Shape, node: ObjectNode) -> Any:
    """Take a value that is of the right type already."""
    if shape.section is not None and isinstance(node.value, shape.section):
        return node.value
    try:
        return msgspec.convert(node.value, shape.annotation)
    except msgspec.ValidationError:
        raise mismatch(node, shape) from None

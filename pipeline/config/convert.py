"""Nodes to settings. Every field is looked at, so that all that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar, cast

import msgspec

from .leaves import WrongValue, check_limits, leaf, mismatch
from .nodes import ListNode, MapNode, Node, NotJson, ObjectNode, ScalarNode, Style, from_json, from_values
from .problems import NOWHERE, Findings, Mark, nearest, suggest
from .scalars import is_nothing
from .shapes import FieldShape, Kind, Shape, fields_of
from .variables import VariableError, Variables

Settings = TypeVar("Settings", bound=msgspec.Struct)


class Failed:
    """Stands for a value that could not be made; the findings say why."""


FAILED: Final = Failed()


def convert(settings: type[Settings], values: Mapping[str, Any]) -> Settings:
    """Make settings from a program's plain values. Text has units as in a file; bare numbers are seconds or bytes.

    Raises:
        ConfigError: With everything that is wrong.
    """
    findings = Findings()
    made = Converter(findings).section(settings, from_values(values), "", NOWHERE)
    findings.check()
    return cast(Settings, made)


class Converter:
    """Turns nodes into values, and collects what is wrong with them."""

    def __init__(self, findings: Findings, variables: Variables | None = None) -> None:
        self.findings = findings
        self._variables = variables

    def section(
        self, settings: type[Settings], node: Node, path: str, at: Mark, extra: frozenset[str] = frozenset()
    ) -> Settings | Failed:
        """Make a settings object. ``at`` is where a missing key is told; keys in ``extra`` belong to someone else."""
        opened = self.open(node, want_text=False, path=path)
        if isinstance(opened, Failed):
            return FAILED
        node = opened
        if isinstance(node, ObjectNode) and isinstance(node.value, settings):
            return node.value
        if isinstance(node, ScalarNode) and node.style is not Style.QUOTED and is_nothing(node.text):
            node = MapNode({}, node.mark)
        if not isinstance(node, MapNode):
            self._wrong(mismatch(node, Shape(Kind.SECTION, settings)), node, path)
            return FAILED
        fields = fields_of(settings)
        self._unknown_keys(fields, node, path, extra)
        values = {}
        for field in fields.values():
            if (entry := node.entries.get(field.name)) is not None:
                values[field.attribute] = self.value(field.shape, entry.node, _join(path, field.name), entry.mark)
            elif field.required:
                owner = f" in {path}" if path and not node.source and at != NOWHERE else ""
                self._error("missing-key", f"missing key {field.name!r}{owner}", node, at, path)
                values[field.attribute] = FAILED
        return self._build(settings, values, node, path, at)

    def _build(
        self, settings: type[Settings], values: dict[str, Any], node: MapNode, path: str, at: Mark
    ) -> Settings | Failed:
        if any(value is FAILED for value in values.values()):
            return FAILED
        try:
            return settings(**values)
        except (ValueError, TypeError) as error:
            # What a settings class says of its fields together, in __post_init__.
            self._error("wrong-value", str(error), node, at, path)
            return FAILED

    def _unknown_keys(self, fields: Mapping[str, FieldShape], node: MapNode, path: str, extra: frozenset[str]) -> None:
        for key, entry in node.entries.items():
            if key in fields or key in extra:
                continue
            # A key out of a variable is shown only if it looks like a misspelt one: it could be the secret itself.
            shown = f"unknown key {key!r}" if not node.source or nearest(key, fields) else "unknown key"
            self._error("unknown-key", shown, node, entry.mark, path, hint=suggest(key, fields.keys() | extra))

    def value(self, shape: Shape, node: Node, path: str, at: Mark) -> Any:
        """Make one value, or FAILED. ``at`` is where its key stands."""
        if shape.kind is Kind.SECTION and shape.section is not None and not shape.optional:
            return self.section(shape.section, node, path, at)
        opened = self.open(node, want_text=_wants_text(shape), path=path)
        if isinstance(opened, Failed):
            return FAILED
        node = opened
        if shape.optional and isinstance(node, ScalarNode) and node.style is not Style.QUOTED and is_nothing(node.text):
            return None
        try:
            return self._value(shape, node, path, at)
        except WrongValue as error:
            self._wrong(error, node, path)
            return FAILED

    def _value(self, shape: Shape, node: Node, path: str, at: Mark) -> Any:
        if shape.kind is Kind.EITHER:
            return self._either(shape, node, path, at)
        if isinstance(node, ObjectNode):
            return _ready(shape, node)
        match shape.kind:
            case Kind.SECTION if shape.section is not None:
                return self.section(shape.section, node, path, at)
            case Kind.LIST:
                return self._list(shape, node, path)
            case Kind.MAP:
                return self._map(shape, node, path)
            case Kind.ANYTHING:
                return self._anything(shape, node, path, at)
        if not isinstance(node, ScalarNode):
            raise mismatch(node, shape)
        return leaf(shape, node)

    def _list(self, shape: Shape, node: Node, path: str) -> Any:
        if _empty(node):
            node = ListNode((), node.mark)
        if not isinstance(node, ListNode) or shape.element is None:
            raise mismatch(node, shape)
        element = shape.element
        items = [self.value(element, item, f"{path}[{at}]", item.mark) for at, item in enumerate(node.items)]
        if any(item is FAILED for item in items):
            return FAILED
        made = shape.container(items)
        check_limits(shape, made, node)
        return made

    def _map(self, shape: Shape, node: Node, path: str) -> Any:
        if _empty(node):
            node = MapNode({}, node.mark)
        if not isinstance(node, MapNode) or shape.element is None:
            raise mismatch(node, shape)
        made = {
            key: self.value(shape.element, entry.node, _join(path, key), entry.mark)
            for key, entry in node.entries.items()
        }
        if any(value is FAILED for value in made.values()):
            return FAILED
        check_limits(shape, made, node)
        return made

    def _either(self, shape: Shape, node: Node, path: str, at: Mark) -> Any:
        """Try one shape after the other; the one that fits in kind may say more than that none fits."""
        fitting = [one for one in shape.either if _fits(one, node)]
        for one in fitting:
            trial = Converter(Findings(self.findings.file), self._variables)
            made = trial.value(one, node, path, at)
            if made is not FAILED:
                return made
            misfit = any(one.code == "wrong-type" and one.path == path for one in trial.findings.problems)
            if len(fitting) == 1 and not misfit:
                self.findings.take(trial.findings)
                return FAILED
        raise mismatch(node, shape)

    def _anything(self, shape: Shape, node: Node, path: str, at: Mark) -> Any:
        if isinstance(node, ListNode):
            items = [self.value(shape, item, f"{path}[{at}]", item.mark) for at, item in enumerate(node.items)]
            return FAILED if FAILED in items else items
        if isinstance(node, MapNode):
            made = {
                key: self.value(shape, entry.node, _join(path, key), entry.mark) for key, entry in node.entries.items()
            }
            return FAILED if FAILED in made.values() else made
        return leaf(shape, cast(ScalarNode, node))

    def open(self, node: Node, *, want_text: bool, path: str) -> Node | Failed:
        """Fill in the variables of a scalar, and read it as JSON unless its text is wanted."""
        if not isinstance(node, ScalarNode) or node.source or self._variables is None or "$" not in node.text:
            return node
        try:
            expanded = self._variables.expand(node.text)
        except VariableError as error:
            self.findings.error(error.code, str(error), node.mark, path=path, hint=error.hint)
            return FAILED
        if not expanded.names:
            return ScalarNode(expanded.text, node.mark, node.style)
        source = ", ".join(expanded.names)
        if want_text or not expanded.text:
            return ScalarNode(expanded.text, node.mark, Style.EXPANDED, source)
        try:
            return from_json(expanded.text, node.mark, source)
        except NotJson as error:
            self.findings.error("wrong-value", f"{source} is not JSON: {error}", node.mark, path=path)
            return FAILED

    def _wrong(self, error: WrongValue, node: Node, path: str) -> None:
        name = "" if node.source or node.mark == NOWHERE else path.rpartition(".")[2]
        self._error(error.code, f"{name}: {error}" if name else str(error), node, node.mark, path, hint=error.hint)

    def _error(self, code: str, message: str, node: Node, mark: Mark, path: str, *, hint: str = "") -> None:
        if node.source:
            message = f"in {node.source}, {path}: {message}"
        self.findings.error(code, message, mark, path=path, hint=hint)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _empty(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.style is not Style.QUOTED and is_nothing(node.text)


def _wants_text(shape: Shape) -> bool:
    """Say whether a variable's text is the value itself; for lists, maps and sections it is JSON."""
    if shape.kind is Kind.EITHER:
        return any(map(_wants_text, shape.either))
    return shape.kind not in (Kind.LIST, Kind.MAP, Kind.SECTION)


def _fits(shape: Shape, node: Node) -> bool:
    if isinstance(node, ObjectNode):
        return True
    if isinstance(node, ListNode):
        return shape.kind is Kind.LIST
    if isinstance(node, MapNode):
        return shape.kind in (Kind.MAP, Kind.SECTION)
    return shape.kind not in (Kind.LIST, Kind.MAP, Kind.SECTION)


def _ready(shape: Shape, node: ObjectNode) -> Any:
    """Take a value that is of the right type already."""
    if shape.section is not None and isinstance(node.value, shape.section):
        return node.value
    try:
        return msgspec.convert(node.value, shape.annotation)
    except msgspec.ValidationError:
        raise mismatch(node, shape) from None

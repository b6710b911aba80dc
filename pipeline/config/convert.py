"""Nodes to settings. Every field is looked at, so that all that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any, TypeVar, cast

import msgspec

from .checks import FAILED, Failed, Fault, Path, faults_of, in_words
from .fitting import empty, fits, ready, wants_text
from .leaves import WrongValue, check_limits, leaf, mismatch
from .nodes import ListNode, MapNode, Node, NotJson, ObjectNode, ScalarNode, Style, from_json, from_values
from .problems import NOWHERE, Findings, Mark, Problem, Severity, nearest, suggest
from .scalars import is_nothing
from .shapes import FieldShape, Kind, Shape, fields_of
from .variables import VariableError, Variables

Settings = TypeVar("Settings", bound=msgspec.Struct)


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
            self._wrong(mismatch(node, Shape(Kind.SECTION, settings, section=settings)), node, path)
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
        fields = fields_of(settings).values()
        known = {field.name: values.get(field.attribute, field.default) for field in fields}
        faults = list(faults_of(settings, known))
        for check, fault in faults:
            self.report(fault, node, path, at, check.fields)
        if faults or any(isinstance(value, Failed) for value in values.values()):
            return Failed(known)
        try:
            return settings(**values)
        except (ValueError, TypeError) as error:
            # What a class that has no checks says in a __post_init__ of its own.
            self._error("wrong-value", str(error), node, at, path)
            return Failed(known)

    def report(
        self,
        fault: Fault,
        node: Node,
        path: str,
        at: Mark,
        reads: Iterable[str] = (),
        code: str = "wrong-value",
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Report a fault at its culprit, or else at one of the fields in ``reads``, or where the section begins.

        Args:
            node: What the settings were made of.
            path: Where that is in the whole.
        """
        given: Container[str | int] = node.entries if isinstance(node, MapNode) else ()
        place = next((one for one in (fault.path, *((name,) for name in reads)) if one[0] in given), None)
        mark, source = (at, node.source) if place is None else self.place(node, place, key=fault.key)
        named = fault.path[:-1] if fault.key else fault.path
        where = in_words((path, *named) if path else named)
        message = fault.said(hide=bool(source))
        if source:
            message = f"in {source}, {where}: {message}"
        elif mark != NOWHERE and not fault.key:
            message = f"{_name(fault.path)}: {message}"
        self.findings.add(Problem(message, code, mark, severity, path=where))

    def place(self, node: Node, path: Path, *, key: bool = False) -> tuple[Mark, str]:
        """Return where the value at the end of a path stands, and the variable it came from, or an empty string.

        Where the path leads into what is not there, that is as far as it goes.

        Args:
            key: Whether the place of the last key is wanted, and not of its value.
        """
        for depth, step in enumerate(path, 1):
            last = depth == len(path)
            if isinstance(node, MapNode) and step in node.entries:
                entry = node.entries[cast(str, step)]
                if key and last:
                    return entry.mark, node.source
                inner = entry.node
            elif isinstance(node, ListNode) and isinstance(step, int):
                inner = node.items[step]
            else:
                break
            opened = self.open(inner, want_text=last, path="")
            if isinstance(opened, Failed):
                break
            node = opened
        return node.mark, node.source

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
        opened = self.open(node, want_text=wants_text(shape), path=path)
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
            return ready(shape, node)
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
        if empty(node):
            node = ListNode((), node.mark)
        if not isinstance(node, ListNode) or shape.element is None:
            raise mismatch(node, shape)
        element = shape.element
        items = [self.value(element, item, f"{path}[{at}]", item.mark) for at, item in enumerate(node.items)]
        if any(isinstance(item, Failed) for item in items):
            return Failed(dict(enumerate(items)))
        made = shape.container(items)
        check_limits(shape, made, node)
        return made

    def _map(self, shape: Shape, node: Node, path: str) -> Any:
        if empty(node):
            node = MapNode({}, node.mark)
        if not isinstance(node, MapNode) or shape.element is None:
            raise mismatch(node, shape)
        made = {
            key: self.value(shape.element, entry.node, _join(path, key), entry.mark)
            for key, entry in node.entries.items()
        }
        if any(isinstance(value, Failed) for value in made.values()):
            return Failed(made)
        check_limits(shape, made, node)
        return made

    def _either(self, shape: Shape, node: Node, path: str, at: Mark) -> Any:
        """Try one shape after the other; the one that fits in kind may say more than that none fits."""
        fitting = [one for one in shape.either if fits(one, node)]
        for one in fitting:
            trial = Converter(Findings(self.findings.file), self._variables)
            made = trial.value(one, node, path, at)
            if not isinstance(made, Failed):
                return made
            misfit = any(one.code == "wrong-type" and one.path == path for one in trial.findings.problems)
            if len(fitting) == 1 and not misfit:
                self.findings.take(trial.findings)
                return FAILED
        raise mismatch(node, shape)

    def _anything(self, shape: Shape, node: Node, path: str, at: Mark) -> Any:
        if isinstance(node, ListNode):
            items = [self.value(shape, item, f"{path}[{at}]", item.mark) for at, item in enumerate(node.items)]
            return FAILED if any(isinstance(item, Failed) for item in items) else items
        if isinstance(node, MapNode):
            made = {
                key: self.value(shape, entry.node, _join(path, key), entry.mark) for key, entry in node.entries.items()
            }
            return FAILED if any(isinstance(value, Failed) for value in made.values()) else made
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
        mark = Mark(node.mark.line, node.mark.column + error.within) if error.within else node.mark
        self._error(error.code, f"{name}: {error}" if name else str(error), node, mark, path, hint=error.hint)

    def _error(self, code: str, message: str, node: Node, mark: Mark, path: str, *, hint: str = "") -> None:
        if node.source:
            message = f"in {node.source}, {path}: {message}"
        self.findings.error(code, message, mark, path=path, hint=hint)


def _name(path: Path) -> str:
    """Return what the end of a path is called: an element by its list."""
    at = max(at for at, step in enumerate(path) if isinstance(step, str))
    return in_words(path[at:])


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key

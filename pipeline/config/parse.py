"""YAML text to nodes.

Built on the parser's events, not on its documents: so nothing is guessed (`off` stays text), keys are text, a key given
twice is found, and nesting and the growth by aliases are bounded before they cost anything. Anchors, aliases and the
merge key ``<<`` work; tags do not exist. https://yaml.org/spec/1.2.2/
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from .nodes import Entry, ListNode, MapNode, Node, ScalarNode, Style
from .problems import Findings, Mark

MAX_DEPTH = 32
MAX_NODES = 50_000
MERGE = "<<"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What a YAML file may hold (its section 5.1). Looked for beforehand, because the parsers tell no line and column.
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


class _Stop(Exception):
    """The rest of the text cannot be read; the reason has been found and noted."""


@dataclass(slots=True)
class _Open:
    """A list or map whose end has not come yet."""

    mark: Mark
    is_map: bool
    anchor: str | None
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    merges: list[Entry] = field(default_factory=list)
    key: ScalarNode | None = None
    size: int = 1
    height: int = 1


@dataclass(slots=True)
class _Anchored:
    """What an anchor stands for; None as long as it is still open."""

    node: Node | None = None
    size: int = 1
    height: int = 1


def parse(text: str, findings: Findings) -> Node | None:
    """Return the one document in ``text``, or None where it is empty or cannot be read; findings say why."""
    text = text.removeprefix("\ufeff")
    if bad := _FORBIDDEN.search(text):
        mark = Mark(text.count("\n", 0, bad.start()) + 1, bad.start() - text.rfind("\n", 0, bad.start()))
        findings.error("syntax", f"character U+{ord(bad.group()):04X} cannot stand in YAML", mark)
        return None
    reader = _Reader(findings)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        _note_syntax(error, text, findings)
        return None
    except _Stop:
        return None
    return reader.root


def _note_syntax(error: yaml.MarkedYAMLError, text: str, findings: Findings) -> None:
    at = error.problem_mark or error.context_mark
    lines = text.split("\n")
    line = lines[at.line] if at is not None and at.line < len(lines) else ""
    problem = error.problem or "the text makes no sense"
    hint = ""
    if line[: len(line) - len(line.lstrip())].count("\t"):
        hint = "YAML is indented with spaces, not tabs"
    elif "expected ',' or '" in problem and "${" in line:
        hint = "a variable inside of braces or brackets needs quotes"
    elif "mapping values" in problem:
        hint = "text that holds ': ' needs quotes"
    findings.error("syntax", problem, _mark(at), hint=hint)


def _mark(at: Any) -> Mark:
    return Mark(at.line + 1, at.column + 1) if at is not None else Mark(1, 1)


class _Reader:
    """Builds nodes from events."""

    def __init__(self, findings: Findings) -> None:
        self.root: Node | None = None
        self._findings = findings
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchored] = {}
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        mark = _mark(event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._fail("a configuration is one YAML document; here begins a second", mark)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(str(event.anchor), mark)
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            if event.tag not in (None, "!"):
                self._findings.error("syntax", f"tags such as {event.tag} mean nothing here", mark)
            self._node(event, mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()

    def _fail(self, message: str, mark: Mark) -> NoReturn:
        self._findings.error("syntax", message, mark)
        raise _Stop

    def _alias(self, name: str, mark: Mark) -> None:
        anchored = self._anchors.get(name)
        if anchored is None:
            self._fail(f"there is no anchor &{name} before this", mark)
        if anchored.node is None:
            self._fail(f"*{name} stands inside of what it stands for", mark)
        self._place(anchored.node, mark, anchored.size, anchored.height)

    def _node(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, mark: Mark) -> None:
        if isinstance(event, yaml.ScalarEvent):
            node = ScalarNode(event.value, mark, Style.PLAIN if event.implicit[0] else Style.QUOTED)
            if event.anchor:
                self._anchors[event.anchor] = _Anchored(node)
            self._place(node, mark)
            return
        if len(self._open) >= MAX_DEPTH:
            self._fail(f"nested more than {MAX_DEPTH} deep", mark)
        if event.anchor:
            self._anchors[event.anchor] = _Anchored()
        self._open.append(_Open(mark, isinstance(event, yaml.MappingStartEvent), event.anchor))

    def _close(self) -> None:
        done = self._open.pop()
        node: Node
        if done.is_map:
            for merged in done.merges:
                self._merge(merged, done)
            node = MapNode(done.entries, done.mark)
        else:
            node = ListNode(tuple(done.items), done.mark)
        if done.anchor:
            self._anchors[done.anchor] = _Anchored(node, done.size, done.height)
        self._place(node, done.mark, done.size, done.height)

    def _place(self, node: Node, mark: Mark, size: int = 1, height: int = 0) -> None:
        """Put a finished node where it belongs; ``mark`` is where it is used, which may be an alias."""
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.size += size
        parent.height = max(parent.height, height + 1)
        if parent.size > MAX_NODES or len(self._open) + height > MAX_DEPTH:
            self._fail(f"more than {MAX_NODES} values or {MAX_DEPTH} levels, aliases written out", mark)
        if not parent.is_map:
            parent.items.append(node)
        elif parent.key is None:
            if not isinstance(node, ScalarNode):
                self._fail("a key is a single text", mark)
            parent.key = ScalarNode(node.text, mark, node.style)
        else:
            self._enter(parent, parent.key, node)
            parent.key = None

    def _enter(self, parent: _Open, key: ScalarNode, node: Node) -> None:
        if key.text == MERGE and key.style is Style.PLAIN:
            parent.merges.append(Entry(key.mark, node))
        elif (first := parent.entries.get(key.text)) is not None:
            message = f"key {key.text!r} is given twice"
            self._findings.error("duplicate-key", message, key.mark, hint=f"the first is in line {first.mark.line}")
        else:
            parent.entries[key.text] = Entry(key.mark, node)

    def _merge(self, merged: Entry, into: _Open) -> None:
        """Add the entries of a map, or of several, that the map does not have itself. The first one wins."""
        sources = merged.node.items if isinstance(merged.node, ListNode) else (merged.node,)
        for source in sources:
            if not isinstance(source, MapNode):
                self._findings.error("wrong-type", "only maps can be merged with <<", merged.mark)
                return
            into.size += len(source.entries)
            if into.size > MAX_NODES:
                self._fail(f"more than {MAX_NODES} values, merged ones written out", merged.mark)
            for key, entry in source.entries.items():
                into.entries.setdefault(key, entry)

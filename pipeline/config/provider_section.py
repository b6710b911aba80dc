"""The section ``providers``: each entry is read by the settings class of its type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..registry import Registry, UnknownComponent
from .checks import FAILED, Failed
from .convert import Converter
from .nodes import Entry, ListNode, MapNode, Node, ScalarNode
from .problems import Findings, Mark, suggest
from .sections import HttpProviderSettings, ProviderSettings
from .shapes import Kind, Shape, fields_of, shape_of
from .variables import Variables

TEXT: Shape = shape_of(str)
BOOLEAN: Shape = shape_of(bool)
_NAME = re.compile(r"[A-Za-z0-9._-]+")
"""It stands before the slash in ``provider/model``, in paths, in headers and in labels of figures."""
UNSET = frozenset({"missing-variable", "missing-file"})
"""What is no mistake in a section that is disabled."""


@dataclass(slots=True)
class Providers:
    """The providers that are in use, the places of all that are named, and which of these are wrong."""

    in_use: dict[str, ProviderSettings] = field(default_factory=dict)
    named: dict[str, Mark] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)


def read_providers(
    node: Node, findings: Findings, variables: Variables | None, registry: Registry, path: str = "providers"
) -> Providers:
    """Return the providers of the section. What is wrong goes to the findings; wrong ones are named but not in use."""
    found = Providers()
    entries = entries_of(node, Converter(findings, variables), path)
    for name, entry in entries.items():
        found.named[name] = entry.mark
        if _NAME.fullmatch(name) is None or name in (".", ".."):
            message = f"a provider cannot be called {name!r}: a name has letters, digits and any of . _ - alone"
            findings.error("wrong-value", message, entry.mark, path=path)
        own = Findings(findings.file)
        settings = _read(entry, f"{path}.{name}", own, variables, registry)
        findings.take(own)
        if own.failed:
            found.wrong.add(name)
        if settings is None:
            continue
        if lacking := _unset_key(entry.node, settings, variables):
            message = f"provider {name!r} is left out: {lacking}"
            findings.warning("provider-left-out", message, entry.mark, path=f"{path}.{name}")
        else:
            found.in_use[name] = settings
    return found


def entries_of(node: Node, converter: Converter, path: str) -> Mapping[str, Entry]:
    """Return the entries of a map whose values are read one by one; where it is no map, the findings say so."""
    opened = converter.open(node, want_text=False, path=path)
    if isinstance(opened, MapNode):
        return opened.entries
    if not isinstance(opened, Failed):
        converter.value(shape_of(dict[str, str]), opened, path, opened.mark)
    return {}


def _read(
    entry: Entry, path: str, findings: Findings, variables: Variables | None, registry: Registry
) -> ProviderSettings | None:
    """Return one provider's settings, or None where it is wrong or disabled."""
    trial = Findings(findings.file)
    converter = Converter(trial, variables)
    node = converter.open(entry.node, want_text=False, path=path)
    if isinstance(node, MapNode):
        settings = _read_map(node, entry.mark, path, converter, registry)
        disabled = is_disabled(node, path, converter)
    else:
        settings = FAILED if isinstance(node, Failed) else converter.section(ProviderSettings, node, path, entry.mark)
        disabled = False
    findings.take(trial, without=UNSET if disabled else frozenset())
    return None if disabled or isinstance(settings, Failed) else settings


def _read_map(
    node: MapNode, mark: Mark, path: str, converter: Converter, registry: Registry
) -> ProviderSettings | Failed:
    """Return the settings by the class of their type; where the type is unknown there is no more to say."""
    if "type" not in node.entries:
        converter.findings.error("missing-key", f"missing key 'type' in {path}", mark, path=path)
        return FAILED
    type_node = node.entries["type"].node
    type_ = converter.value(TEXT, type_node, f"{path}.type", type_node.mark)
    if isinstance(type_, Failed):
        return FAILED
    if type_ not in registry.provider_names():
        hint = suggest(type_, registry.provider_names())
        message = f"unknown provider type {type_!r}"
        converter.findings.error("unknown-provider", message, type_node.mark, path=f"{path}.type", hint=hint)
        return FAILED
    try:
        spec = registry.provider(type_)
    except (UnknownComponent, ImportError, AttributeError) as error:
        message = f"provider type {type_!r} cannot be loaded: {error}"
        converter.findings.error("unknown-provider", message, type_node.mark, path=f"{path}.type")
        return FAILED
    settings: ProviderSettings | Failed = converter.section(spec.settings, node, path, mark)
    return settings


def is_disabled(node: MapNode, path: str, converter: Converter) -> bool:
    """Say whether a section takes its owner out with ``enabled: false``."""
    if (entry := node.entries.get("enabled")) is None:
        return False
    switch: bool | Failed = converter.value(BOOLEAN, entry.node, f"{path}.enabled", entry.mark)
    return switch is False


def _unset_key(node: Node, settings: ProviderSettings, variables: Variables | None) -> str:
    """Return which variables should hold the key and do not, as words; empty where one does, or none is wanted.

    A provider may have keys of several kinds, of which one does.
    """
    secrets = [name for name, field in fields_of(type(settings)).items() if field.shape.kind is Kind.SECRET]
    if variables is None or not isinstance(node, MapNode) or any(getattr(settings, name) for name in secrets):
        return ""
    if isinstance(settings, HttpProviderSettings) and (settings.callers_keys or any(k.key for k in settings.api_keys)):
        return ""
    entries = [node.entries[name].node for name in secrets if name in node.entries]
    several = node.entries["api_keys"].node if "api_keys" in node.entries else None
    if isinstance(several, ListNode):
        each = (one.entries.get("key") for one in several.items if isinstance(one, MapNode))
        entries += [entry.node for entry in each if entry is not None]
    names = [name for one in entries if isinstance(one, ScalarNode) for name in variables.expand(one.text).names]
    if not names:
        return ""
    return f"{names[0]} is not set" if len(names) == 1 else f"none of {', '.join(names)} is set"

"""The list ``pipeline``, and the sections and inline settings of the stages in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from ..registry import Registry, StageSpec, UnknownComponent
from ..stage import Lane
from .checks import FAILED, Failed
from .convert import Converter
from .environment import unheeded, with_defaults
from .leaves import mismatch
from .nodes import Entry, ListNode, MapNode, Node, ScalarNode
from .problems import Findings, Mark, suggest
from .provider_section import TEXT, UNSET, is_disabled
from .shapes import fields_of, shape_of
from .variables import Variables

DEFAULT_PIPELINE = ("validate", "auth", "limit", "filter", "recall", "cache", "route", "call", "meter")


@dataclass(frozen=True, slots=True)
class Listed:
    """A stage as the list names it; ``inline`` is None for a bare name."""

    name: str
    mark: Mark
    inline: Node | None = None


@dataclass(frozen=True, slots=True)
class Configured:
    """A stage that is in the pipeline, and its settings, None where they are wrong. They were made of ``node``."""

    name: str
    mark: Mark
    lane: Lane
    settings: msgspec.Struct | None
    node: Node


def read_pipeline(entry: Entry | None, start: Mark, converter: Converter) -> list[Listed]:
    """Return the stages that the list names; without a list those of the default pipeline, all of them at ``start``."""
    if entry is None:
        return [Listed(name, start) for name in DEFAULT_PIPELINE]
    node = converter.open(entry.node, want_text=False, path="pipeline")
    if isinstance(node, Failed):
        return []
    if not isinstance(node, ListNode):
        error = mismatch(node, shape_of(tuple[str, ...]))
        converter.findings.error(error.code, str(error), node.mark, path="pipeline", hint="write [validate, ..., call]")
        return []
    listed = [_listed(item, f"pipeline[{at}]", converter) for at, item in enumerate(node.items)]
    return [one for one in listed if one is not None]


def _listed(item: Node, path: str, converter: Converter) -> Listed | None:
    if isinstance(item, MapNode):
        if len(item.entries) == 1:
            name, entry = next(iter(item.entries.items()))
            bare = isinstance(entry.node, ScalarNode) and not entry.node.text
            return Listed(name, entry.mark, None if bare else entry.node)
        message = "a stage with settings is one key and its map"
        hint = "indent the settings below the stage's name"
        converter.findings.error("wrong-type", message, item.mark, path=path, hint=hint)
        return None
    name = converter.value(TEXT, item, path, item.mark)
    return None if isinstance(name, Failed) else Listed(name, item.mark)


class StageReader:
    """Reads the settings of stages, each by the class that the stage is registered with."""

    def __init__(
        self, findings: Findings, variables: Variables | None, environ: Mapping[str, str], registry: Registry
    ) -> None:
        self._findings = findings
        self._variables = variables
        self._environ = environ
        self._registry = registry
        self._names = registry.stage_names()

    def in_pipeline(self, listed: list[Listed], sections: Mapping[str, Entry]) -> list[Configured]:
        """Return the stages of the pipeline that are not disabled, in order."""
        found: dict[str, Configured] = {}
        seen: set[str] = set()
        for one in listed:
            spec = self._spec(one.name, one.mark)
            if one.name in seen:
                self._findings.error(
                    "duplicate-stage", f"stage {one.name!r} is listed twice", one.mark, path="pipeline"
                )
                continue
            seen.add(one.name)
            section = sections.get(one.name)
            if one.inline is not None and section is not None:
                message = f"stage {one.name!r} has settings here and a section of its own"
                hint = f"remove one; the section is in line {section.mark.line}"
                self._findings.error("both-settings", message, one.mark, path=f"pipeline.{one.name}", hint=hint)
            if spec is not None and (configured := self._configured(spec, one, section)) is not None:
                found[one.name] = configured
            elif spec is not None and (variable := unheeded(one.name, self._environ)):
                message = f"{variable} is set, but stage {one.name!r} is disabled: nobody reads it"
                self._findings.warning("unheeded-variable", message, section.mark if section else one.mark)
        return list(found.values())

    def outside(self, listed: list[Listed], sections: Mapping[str, Entry]) -> None:
        """Check the sections of stages that the pipeline does not list, and warn of them unless they are disabled."""
        names = {one.name for one in listed}
        for name, section in sections.items():
            spec = self._spec(name, section.mark) if name not in names else None
            if spec is None:
                continue
            if self._configured(spec, Listed(name, section.mark), section) is not None:
                message = f"section {name!r} has no effect: the pipeline does not list this stage"
                self._findings.warning("unused-section", message, section.mark, path=name)

    def _configured(self, spec: StageSpec, listed: Listed, section: Entry | None) -> Configured | None:
        """Return a stage with its settings, or None where it is disabled."""
        mark = section.mark if section is not None and listed.inline is None else listed.mark
        node = listed.inline or (section.node if section is not None else MapNode({}, mark))
        trial = Findings(self._findings.file)
        converter = Converter(trial, self._variables)
        opened = converter.open(node, want_text=False, path=spec.name)
        settings: msgspec.Struct | Failed = FAILED
        disabled = False
        if not isinstance(opened, Failed):
            if isinstance(opened, ScalarNode) and not opened.text:
                opened = MapNode({}, mark)
            if isinstance(opened, MapNode):
                opened = with_defaults(spec.name, opened, self._environ, trial)
                disabled = is_disabled(opened, spec.name, converter)
            settings = self._settings(spec, opened, mark, converter)
            node = opened
        self._findings.take(trial, without=UNSET if disabled else frozenset())
        if disabled:
            return None
        made = None if isinstance(settings, Failed) else settings
        return Configured(spec.name, listed.mark, spec.lane, made, node)

    def _settings(self, spec: StageSpec, node: Node, mark: Mark, converter: Converter) -> msgspec.Struct | Failed:
        """Return a stage's settings. Every stage can be disabled, so that key is no unknown one for any."""
        own = "enabled" in fields_of(spec.settings)
        return converter.section(spec.settings, node, spec.name, mark, frozenset() if own else frozenset({"enabled"}))

    def _spec(self, name: str, mark: Mark) -> StageSpec | None:
        if name not in self._names:
            hint = suggest(name, self._names)
            self._findings.error("unknown-stage", f"unknown stage {name!r}", mark, path="pipeline", hint=hint)
            return None
        try:
            return self._registry.stage(name)
        except (UnknownComponent, ImportError, AttributeError) as error:
            message = f"stage {name!r} cannot be loaded: {error}"
            self._findings.error("unknown-stage", message, mark, path="pipeline")
            return None

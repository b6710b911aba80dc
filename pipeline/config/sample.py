"""A filled configuration for some stages: every setting with its default, and a comment that says what it is."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from ..registry import Registry, StageSpec
from ..stage import Lane
from .environment import SIMULATOR
from .mask import masked_value
from .pipeline_section import DEFAULT_PIPELINE
from .scalars import boolean, is_nothing, is_number
from .sections import SINGLE_SECTIONS
from .shapes import FieldShape, Kind, fields_in, fields_of

NEEDED = ("validate", "route", "call")
"""What a pipeline cannot do without: see the rules."""
_WIDTH = 100
_BARE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*")


def sample(names: Sequence[str], registry: Registry) -> str:
    """Return the YAML text of a configuration whose pipeline has these stages, and those that no pipeline can lack.

    Raises:
        UnknownComponent: There is no stage of one of the names.
    """
    specs = _in_order([registry.stage(name) for name in dict.fromkeys(names)], registry)
    lines = ["# Every value is the default.", ""]
    for section, (settings, summary) in SINGLE_SECTIONS.items():
        lines += [*_comment(summary, ""), f"{section}:", *_fields(settings, "  "), ""]
    lines += [*_providers(registry), ""]
    lines += [f"pipeline: [{', '.join(spec.name for spec in specs)}]"]
    for spec in specs:
        if spec.name in names:
            lines += ["", *_comment(spec.summary, ""), f"{spec.name}:", *_stage(spec)]
    return "\n".join([*lines, ""])


def _in_order(named: list[StageSpec], registry: Registry) -> list[StageSpec]:
    """Put the stages in the default pipeline's order; others of the request lane go right before `route`."""
    specs = {spec.name: spec for spec in named}
    known = registry.stage_names()
    specs |= {name: registry.stage(name) for name in NEEDED if name in known}

    def place(spec: StageSpec) -> float:
        if spec.name in DEFAULT_PIPELINE:
            return DEFAULT_PIPELINE.index(spec.name)
        before = {Lane.REQUEST: "route", Lane.REPLY: "meter", Lane.SETTLE: None}[spec.lane]
        return DEFAULT_PIPELINE.index(before) - 0.5 if before else len(DEFAULT_PIPELINE)

    return sorted(specs.values(), key=place)


def _providers(registry: Registry) -> Iterator[str]:
    names = registry.provider_names()
    if not names:
        yield "providers: {}"
        return
    name = SIMULATOR if SIMULATOR in names else names[0]
    yield "providers:"
    yield from _comment(registry.provider(name).summary, "  ")
    yield f"  {name}: {{ type: {name} }}"


def _stage(spec: StageSpec) -> Iterator[str]:
    if "enabled" not in fields_of(spec.settings):
        yield from _comment("false takes the stage out of the pipeline.", "  ")
        yield "  enabled: true"
    yield from _fields(spec.settings, "  ")


def _fields(settings: type[msgspec.Struct], indent: str, default: object = None) -> Iterator[str]:
    for field in fields_in(settings, default):
        yield from _comment(field.description, indent)
        if field.required:
            yield f"{indent}# {field.name}:  this one has no default"
        elif field.shape.kind is Kind.SECTION and field.shape.section is not None and field.default is not None:
            yield f"{indent}{field.name}:"
            yield from _fields(field.shape.section, f"{indent}  ", field.default)
        else:
            yield from _keys_of_elements(field, indent)
            yield f"{indent}{field.name}: {flow(masked_value(field.shape, field.default))}"


def _keys_of_elements(field: FieldShape, indent: str) -> Iterable[str]:
    section = field.shape.element.section if field.shape.element is not None else None
    if section is None:
        return ()
    return _comment(f"Each has: {', '.join(fields_of(section))}.", indent)


def _comment(text: str, indent: str) -> list[str]:
    return [f"{indent}# {line}" for line in textwrap.wrap(text, _WIDTH - len(indent))]


def flow(value: Any) -> str:
    """Return a plain value as YAML in one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{flow(key)}: {flow(item)}' for key, item in value.items())} }}" if value else "{}"
    if isinstance(value, str):
        special = is_number(value) or is_nothing(value) or boolean(value) is not None
        if _BARE.fullmatch(value) and not special:
            return value
        return json.dumps(value.replace("$", "$$"), ensure_ascii=False)
    return json.dumps(value)

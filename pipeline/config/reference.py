"""What can be configured, for people to read: as rows of fields, and as the reference in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from ..registry import Registry
from .leaves import limits_in_words
from .mask import masked_value
from .price_section import PRICES, PriceSettings
from .sections import SINGLE_SECTIONS, ModelSettings
from .shapes import FieldShape, Kind, Shape, fields_in


class Row(NamedTuple):
    """One field. ``name`` is its path in the section; ``default`` is None where the field is required."""

    name: str
    kind: str
    default: str | None
    description: str


ENABLED = Row("enabled", str(Kind.BOOLEAN), "true", "false takes the stage out of the pipeline.")
"""What every stage can be told; `auth` says more of it itself."""


def rows_of(settings: type[msgspec.Struct], prefix: str = "", default: object = None) -> Iterator[Row]:
    """Yield the fields of a settings class, those of the sections inside of it too."""
    for field in fields_in(settings, default):
        inner, path = _inner(field.shape, prefix + field.name)
        if field.shape.kind is not Kind.SECTION:
            yield Row(prefix + field.name, kind_in_words(field.shape), _default(field), field.description)
        if inner is not None:
            yield from rows_of(inner, f"{path}.", field.default)


def kind_in_words(shape: Shape) -> str:
    """Return what a value is, with its limits, such as "list of rate"."""
    if shape.kind is Kind.EITHER:
        words = " or ".join(map(kind_in_words, shape.either))
    elif shape.kind is Kind.CHOICE:
        words = f"one of {', '.join(map(str, shape.choices))}"
    else:
        limits = limits_in_words(shape)
        words = f"{shape.kind} ({limits})" if limits else str(shape.kind)
    if shape.element is not None:
        words = f"{words} of {kind_in_words(shape.element)}"
    return f"{words}, or null" if shape.optional else words


def described(registry: Registry) -> dict[str, list[dict[str, Any]]]:
    """Return all stages and provider types with their fields, as plain values."""
    stages = [registry.stage(name) for name in registry.stage_names()]
    providers = [registry.provider(name) for name in registry.provider_names()]
    return {
        "stages": [
            {
                "name": spec.name,
                "lane": spec.lane.value,
                "summary": spec.summary,
                "fields": _plain(_of_stage(spec.settings)),
            }
            for spec in stages
        ],
        "providers": [
            {"name": spec.name, "summary": spec.summary, "fields": _plain(rows_of(spec.settings))} for spec in providers
        ],
    }


def markdown(registry: Registry) -> str:
    """Return the reference of every section, stage and provider type."""
    parts = [_table(f"## `{name}`", settings, summary) for name, (settings, summary) in SINGLE_SECTIONS.items()]
    for name in registry.provider_names():
        provider = registry.provider(name)
        parts.append(_table(f"## `providers`: type `{name}`", provider.settings, provider.summary))
    parts.append(_table("## `models`", ModelSettings, "How a public model name is served."))
    parts.append(_table("## `prices`", PriceSettings, PRICES))
    for name in registry.stage_names():
        stage = registry.stage(name)
        heading = f"## Stage `{name}` ({stage.lane.value} lane)"
        parts.append(_table(heading, stage.settings, stage.summary, rows=_of_stage(stage.settings)))
    return "\n".join(parts)


def _inner(shape: Shape, path: str) -> tuple[type[msgspec.Struct] | None, str]:
    """Return the settings class inside of a shape, and the path of its fields."""
    while shape.element is not None:
        path += "[]" if shape.kind is Kind.LIST else ".<name>"
        shape = shape.element
    for one in (shape, *shape.either):
        if one.section is not None:
            return one.section, path
    return None, path


def _default(field: FieldShape) -> str | None:
    if field.required:
        return None
    value = masked_value(field.shape, field.default)
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _of_stage(settings: type[msgspec.Struct]) -> Iterator[Row]:
    """Yield the fields of a stage, with the one that all of them have."""
    rows = list(rows_of(settings))
    if all(row.name != ENABLED.name for row in rows):
        yield ENABLED
    yield from rows


def _plain(rows: Iterator[Row]) -> list[dict[str, Any]]:
    return [{**row._asdict(), "required": row.default is None} for row in rows]


def _table(heading: str, settings: type[msgspec.Struct], summary: str, rows: Iterator[Row] | None = None) -> str:
    lines = [heading, "", summary, ""]
    lines += ["| key | what it is | default | |", "|---|---|---|---|"]
    for row in rows_of(settings) if rows is None else rows:
        default = "required" if row.default is None else f"`{row.default}`"
        cells = (f"`{row.name}`", row.kind, default, row.description)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join([*lines, ""])

"""The JSON schema of configuration files, for editors: draft 7, which most of them know.

https://json-schema.org/draft-07
"""

from __future__ import annotations

from typing import Any

import msgspec

from ..registry import Registry
from .load import EXTENSION, SECTIONS
from .mask import masked_value
from .price_section import PRICES, PriceSettings
from .sections import SINGLE_SECTIONS, ModelSettings
from .shapes import FieldShape, Kind, Shape, fields_in, fields_of
from .units import DURATIONS, SIZES

JsonSchema = dict[str, Any]
VARIABLE: JsonSchema = {
    "type": "string",
    "pattern": r"\$\{",
    "description": "A variable: ${NAME}, ${NAME:-default}, ${NAME:?message} or ${file:/path}.",
}
_AMOUNT = r"^[0-9]+(\.[0-9]+)?"
_DOLLARS = r"\$[0-9]+(\.[0-9]{1,9})?"
_UNITS: dict[Kind, JsonSchema] = {
    Kind.DURATION: {"pattern": f"{_AMOUNT}({'|'.join(DURATIONS)})$", "examples": ["250ms", "30s", "5min"]},
    Kind.SIZE: {"pattern": f"{_AMOUNT}({'|'.join(SIZES)})$", "examples": ["64KiB", "10MiB"]},
    Kind.RATE: {"pattern": rf"^[0-9]+/([0-9]+(\.[0-9]+)?)?({'|'.join(DURATIONS)})$", "examples": ["600/min"]},
    Kind.MONEY: {"pattern": rf"^{_DOLLARS}$", "examples": ["$2.50"]},
    Kind.TOKEN_PRICE: {"pattern": rf"^{_DOLLARS}/[Mk]$", "examples": ["$0.15/M"]},
    Kind.ITEM_PRICE: {"pattern": rf"^{_DOLLARS}(/k)?$", "examples": ["$0.04", "$14/k"]},
    Kind.SPEND: {"pattern": rf"^{_DOLLARS}/([0-9]+(\.[0-9]+)?)?({'|'.join(DURATIONS)})$", "examples": ["$5/h"]},
}
_BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
}
_SWITCH: JsonSchema = {
    "anyOf": [{"type": "boolean"}, {"$ref": "#/definitions/variable"}],
    "description": "false takes the stage out of the pipeline.",
    "default": True,
}


def json_schema(registry: Registry) -> JsonSchema:
    """Return the schema of a whole configuration, with every stage and provider type of the registry."""
    stages = {name: registry.stage(name) for name in registry.stage_names()}
    definitions: dict[str, JsonSchema] = {"variable": VARIABLE}
    for name, spec in stages.items():
        section = _section(spec.settings, optional=True)
        section["properties"].setdefault("enabled", _SWITCH)
        definitions[f"stage_{name}"] = {"description": spec.summary, **section}
    for name in registry.provider_names():
        provider = registry.provider(name)
        section = _section(provider.settings)
        section["properties"]["type"] = {**section["properties"]["type"], "const": name}
        definitions[f"provider_{name}"] = {"description": provider.summary, **section}
    properties = {
        **{name: _or_variable(_section(settings, optional=True)) for name, (settings, _) in SINGLE_SECTIONS.items()},
        "providers": _providers(registry.provider_names()),
        "models": {
            "type": ["object", "null"],
            "description": "Public model names and how they are served; provider/model works without an entry.",
            "propertyNames": {"minLength": 1},
            "additionalProperties": _or_variable(_section(ModelSettings)),
        },
        "prices": {
            "type": ["object", "null"],
            "description": PRICES,
            "propertyNames": {"minLength": 1},
            "additionalProperties": _or_variable(_section(PriceSettings, optional=True)),
        },
        "pipeline": _pipeline(stages),
        **{name: _or_variable({"$ref": f"#/definitions/stage_{name}"}) for name in stages if name not in SECTIONS},
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Sluicegate configuration",
        "type": ["object", "null"],
        "additionalProperties": False,
        "patternProperties": {f"^{EXTENSION}": {"description": "Left alone: a place for anchors."}},
        "properties": properties,
        "definitions": definitions,
    }


def _providers(names: list[str]) -> JsonSchema:
    """Return the schema of the section: one entry's type decides which settings it has."""
    chosen = [
        {
            "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
            "then": {"$ref": f"#/definitions/provider_{name}"},
        }
        for name in names
    ]
    entry = {"type": "object", "required": ["type"], "properties": {"type": {"enum": names}}, "allOf": chosen}
    return {
        "type": ["object", "null"],
        "description": "Providers by the names that targets call them. Without this section: by their usual variables.",
        "propertyNames": {"pattern": "^[^/]+$"},
        "additionalProperties": entry,
    }


def _pipeline(stages: dict[str, Any]) -> JsonSchema:
    inline = {name: _or_variable({"$ref": f"#/definitions/stage_{name}"}) for name in stages}
    one = {
        "type": "object",
        "properties": inline,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    names = {"enum": list(stages)}
    return {
        "description": "The stages in order: a bare name takes its section's settings, name: {...} gives them here.",
        **_or_variable({"type": "array", "items": {"anyOf": [names, one, {"$ref": "#/definitions/variable"}]}}),
    }


def _or_variable(schema: JsonSchema) -> JsonSchema:
    return {"anyOf": [schema, {"$ref": "#/definitions/variable"}]}


def _section(settings: type[msgspec.Struct], *, default: object = None, optional: bool = False) -> JsonSchema:
    fields = {field.name: field for field in fields_in(settings, default)}
    schema: JsonSchema = {
        "type": ["object", "null"] if optional else "object",
        "additionalProperties": False,
        "properties": {name: _field(field) for name, field in fields.items()},
    }
    if required := [name for name, field in fields.items() if field.required]:
        schema["required"] = required
    return schema


def _field(field: FieldShape) -> JsonSchema:
    schema = _value(field.shape, field.default)
    if field.description:
        schema["description"] = field.description
    if not field.required and field.shape.kind is not Kind.SECTION:
        schema["default"] = masked_value(field.shape, field.default)
    return schema


def _value(shape: Shape, default: object = None) -> JsonSchema:
    """Return the schema of a value, which may always be a variable in its place."""
    if shape.kind is Kind.ANYTHING:
        return {}
    alternatives = [_bare(one) for one in shape.either] if shape.either else [_bare(shape, default)]
    if shape.optional:
        alternatives.append({"type": "null"})
    # A variable is a text that any text field takes already.
    if all(one.get("type") != ["string", "number"] or "pattern" in one for one in alternatives):
        alternatives.append({"$ref": "#/definitions/variable"})
    return {"anyOf": alternatives} if len(alternatives) > 1 else alternatives[0]


def _bare(shape: Shape, default: object = None) -> JsonSchema:
    match shape.kind:
        case kind if kind in _UNITS:
            return {"type": "string", **_UNITS[kind]}
        case Kind.SECTION if shape.section is not None:
            optional = not any(field.required for field in fields_of(shape.section).values())
            return _section(shape.section, default=default, optional=optional)
        case Kind.CHOICE:
            return {"enum": list(shape.choices)}
        case Kind.LIST if shape.element is not None:
            bounds = {{"min_length": "minItems", "max_length": "maxItems"}[name]: value for name, value in shape.limits}
            kinds = ["array"] if "minItems" in bounds else ["array", "null"]
            return {"type": kinds, "items": _value(shape.element), **bounds}
        case Kind.MAP if shape.element is not None:
            return {"type": ["object", "null"], "additionalProperties": _value(shape.element)}
    names = {
        Kind.TEXT: ["string", "number"],
        Kind.SECRET: ["string", "number"],
        Kind.WHOLE: "integer",
        Kind.NUMBER: "number",
        Kind.BOOLEAN: "boolean",
    }
    return {"type": names[shape.kind], **{_BOUNDS[name]: value for name, value in shape.limits}}

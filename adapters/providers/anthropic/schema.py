"""JSON schemas as the API keeps to them: objects are closed, and what it cannot enforce is told in words.

The rules are those by which Anthropic's own client makes schemas fit.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"})
_KEPT = frozenset({"type", "enum", "const", "title", "description", "properties", "required", "additionalProperties"})
_LISTS = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
"""What lists schemas, and its name there: of several that exclude each other, any will do."""
_MAPS = ("$defs", "definitions")


def fitted(schema: Schema) -> Schema:
    """Return a schema that the API takes. Raises RecursionError for one that is nested too deep."""
    if "$ref" in schema:
        return {name: _fitted_map(schema[name]) for name in _MAPS if name in schema} | {"$ref": schema["$ref"]}
    kept: Schema = {}
    told: list[str] = []
    for name, value in schema.items():
        if name in _MAPS or name == "properties":
            kept[name] = _fitted_map(value)
        elif name in _LISTS and isinstance(value, list):
            kept[_LISTS[name]] = [_fitted(entry) for entry in value]
        elif name == "items":
            kept[name] = _fitted(value)
        elif name in _KEPT or (name == "format" and value in _FORMATS) or (name == "minItems" and value in (0, 1)):
            kept[name] = value
        elif not name.startswith("$"):
            told.append(f"{name}: {value}")
    if schema.get("type") == "object" or "properties" in schema:
        kept.setdefault("type", "object")
        kept["additionalProperties"] = False
    if told:
        said = kept.get("description")
        kept["description"] = (f"{said}\n\n" if said else "") + "{" + ", ".join(told) + "}"
    return kept


def _fitted(value: object) -> object:
    return fitted(value) if isinstance(value, dict) else value


def _fitted_map(value: object) -> object:
    return {name: _fitted(entry) for name, entry in value.items()} if isinstance(value, dict) else value

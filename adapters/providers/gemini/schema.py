"""JSON schemas in the subset of OpenAPI that Gemini's older fields, ``parameters`` and ``responseSchema``, take.

Source: https://ai.google.dev/api/caching#Schema. What the subset lacks is left out, since a schema with it is refused
as a whole; what can be said in its own words is: references are put in place, ``null`` among the types is ``nullable``.
"""

from __future__ import annotations

from typing import Any

KEPT = frozenset(
    {
        "format", "title", "description", "nullable", "enum", "minItems", "maxItems", "required", "propertyOrdering",
        "minProperties", "maxProperties", "minimum", "maximum", "minLength", "maxLength", "pattern", "example",
        "default",
    }
)  # fmt: skip
FORMATS = {
    "string": frozenset({"date-time", "enum"}),
    "number": frozenset({"float", "double"}),
    "integer": frozenset({"int32", "int64"}),
}
MAX_DEPTH = 32
"""References may run in circles; deeper than this a schema is any value at all."""
_Schema = dict[str, Any]


def whole_schema(schema: _Schema) -> _Schema:
    """Return a schema for the newer fields, which take JSON schemas but for the name of their own language."""
    return {name: value for name, value in schema.items() if name != "$schema"}


def subset_schema(schema: _Schema) -> _Schema:
    """Return a schema in the subset."""
    return _cleaned(schema, schema, 0)


def _cleaned(schema: Any, root: _Schema, depth: int) -> _Schema:
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return {"type": "STRING"} if depth > MAX_DEPTH else {}
    if "$ref" in schema:
        target = _resolved(schema["$ref"], root)
        return _cleaned({**target, **{name: schema[name] for name in schema if name != "$ref"}}, root, depth + 1)
    if merged := schema.get("allOf"):
        schema = _merged(schema, merged, root)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return _any_of(schema, choices, root, depth)
    kinds, nullable = _kinds(schema)
    if len(kinds) > 1:
        return _any_of(schema, [{**schema, "type": kind} for kind in kinds], root, depth, nullable=nullable)
    kind = kinds[0] if kinds else _implied(schema)
    found = {name: value for name, value in schema.items() if name in KEPT}
    if kind:
        found["type"] = kind.upper()
    if nullable:
        found["nullable"] = True
    _constrain(found, schema, kind)
    if kind == "array":
        found["items"] = _cleaned(schema.get("items") or {"type": "string"}, root, depth + 1)
    if kind == "object" and isinstance(properties := schema.get("properties"), dict) and properties:
        found["properties"] = {name: _cleaned(value, root, depth + 1) for name, value in properties.items()}
    return found


def _kinds(schema: _Schema) -> tuple[list[str], bool]:
    """Return the types of a schema without null, and whether null is one of them."""
    kind = schema.get("type")
    listed = kind if isinstance(kind, list) else [kind] if isinstance(kind, str) else []
    return [one for one in listed if one != "null"], "null" in listed


def _implied(schema: _Schema) -> str:
    if "properties" in schema:
        return "object"
    if "items" in schema:
        return "array"
    return "string" if "enum" in schema or "const" in schema else ""


def _constrain(found: _Schema, schema: _Schema, kind: str) -> None:
    """Change what stands in a schema to what the subset can say."""
    if "const" in schema:
        found["enum"] = [schema["const"]]
    if "enum" in found:
        values = [value for value in found["enum"] if isinstance(value, str) and value]
        del found["enum"]
        if kind == "string" and values:
            found["enum"] = values
    if found.get("format") not in FORMATS.get(kind, ()):
        found.pop("format", None)
    if isinstance(required := found.get("required"), list):
        known = schema.get("properties") or {}
        found["required"] = [name for name in required if name in known]
        if not found["required"]:
            del found["required"]


def _any_of(schema: _Schema, choices: list[Any], root: _Schema, depth: int, *, nullable: bool = False) -> _Schema:
    """Return the choices alone: the subset takes nothing beside them. Null among them is what ``nullable`` says."""
    others = [choice for choice in choices if not (isinstance(choice, dict) and choice.get("type") == "null")]
    nullable = nullable or len(others) < len(choices)
    cleaned = [_cleaned(choice, root, depth + 1) for choice in others]
    if len(cleaned) != 1:
        if nullable:
            cleaned = [{**choice, "nullable": True} for choice in cleaned]
        return {"anyOf": cleaned}
    only = dict(cleaned[0])
    for name in ("title", "description"):
        if name in schema:
            only[name] = schema[name]
    if nullable:
        only["nullable"] = True
    return only


def _merged(schema: _Schema, parts: list[Any], root: _Schema) -> _Schema:
    """Return a schema with the parts of its ``allOf`` in it, as far as they can be laid over each other."""
    found = {name: value for name, value in schema.items() if name != "allOf"}
    for part in parts:
        if not isinstance(part, dict):
            continue
        if "$ref" in part:
            part = _resolved(part["$ref"], root)
        for name, value in part.items():
            if name == "properties" and isinstance(value, dict):
                found[name] = {**value, **found.get(name, {})}
            elif name == "required" and isinstance(value, list):
                found[name] = [*found.get(name, []), *(one for one in value if one not in found.get(name, []))]
            else:
                found.setdefault(name, value)
    return found


def _resolved(reference: Any, root: _Schema) -> _Schema:
    """Return what a reference inside of the document leads to; empty where it leads nowhere."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return {}
    value: Any = root
    for step in reference.removeprefix("#").split("/"):
        if not step:
            continue
        value = value.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}

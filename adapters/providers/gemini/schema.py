"""JSON schemas in the subset of OpenAPI that Gemini's older fields, ``parameters`` and ``responseSchema``, take.

Source: https://ai.google.dev/api/caching#Schema. What the subset lacks is left out, since a schema with it is refused
as a whole; what can be said in its own words is: references are put in place, ``null`` among the types is ``nullable``.
"""

from __future__ import annotations

from typing import Any

from sluicegate.pipeline.errors import InvalidRequest

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
MAX_DEPTH = 64
MAX_NODES = 10_000
"""Schemas in one schema, references followed: they multiply."""
_Schema = dict[str, Any]


def whole_schema(schema: _Schema) -> _Schema:
    """Return a schema for the newer fields, which take JSON schemas but for the name of their own language."""
    return {name: value for name, value in schema.items() if name != "$schema"}


def subset_schema(schema: _Schema) -> _Schema:
    """Return a schema in the subset. Raises InvalidRequest where it is too large."""
    return _Cleaner(schema).clean(schema, ())


class _Cleaner:
    """Cleans one schema. ``root`` is where its references lead."""

    def __init__(self, root: _Schema) -> None:
        self._root = root
        self._nodes = 0

    def clean(self, schema: Any, followed: tuple[Any, ...]) -> _Schema:
        """Return a schema in the subset. ``followed`` are the references that led to it.

        Raises:
            InvalidRequest: It is too large, with all its references in place.
        """
        self._nodes += 1
        if self._nodes > MAX_NODES or len(followed) > MAX_DEPTH:
            raise InvalidRequest(f"a schema is over {MAX_NODES} schemas, the limit, with its references in place")
        if not isinstance(schema, dict):
            return {}
        if "$ref" in schema:
            reference = schema["$ref"]
            if followed.count(reference) > 1:  # a circle: what is further in may be anything
                return {"type": "OBJECT"}
            beside = {name: value for name, value in schema.items() if name != "$ref"}
            return self.clean({**_resolved(reference, self._root), **beside}, (*followed, reference))
        if isinstance(parts := schema.get("allOf"), list):
            schema = _merged(schema, parts, self._root)
        choices = schema.get("anyOf") or schema.get("oneOf")
        if isinstance(choices, list):
            return self._any_of(schema, choices, followed)
        kinds, nullable = _kinds(schema)
        if len(kinds) > 1:
            found = self._any_of(schema, [{**schema, "type": kind} for kind in kinds], followed)
            return {"anyOf": [{**one, "nullable": True} for one in found["anyOf"]]} if nullable else found
        found = self._single(schema, kinds[0] if kinds else _implied(schema), followed)
        return {**found, "nullable": True} if nullable else found

    def _single(self, schema: _Schema, kind: str, followed: tuple[Any, ...]) -> _Schema:
        """Return a schema of one type."""
        found = {name: value for name, value in schema.items() if name in KEPT}
        if kind:
            found["type"] = kind.upper()
        _constrain(found, schema, kind)
        if kind == "array":
            found["items"] = self.clean(schema.get("items") or {"type": "string"}, followed)
        if kind == "object" and isinstance(properties := schema.get("properties"), dict) and properties:
            found["properties"] = {name: self.clean(value, followed) for name, value in properties.items()}
        return found

    def _any_of(self, schema: _Schema, choices: list[Any], followed: tuple[Any, ...]) -> _Schema:
        """Return the choices alone: the subset takes nothing beside them. Null among them is what ``nullable`` says."""
        others = [choice for choice in choices if not (isinstance(choice, dict) and choice.get("type") == "null")]
        cleaned = [self.clean(choice, followed) for choice in others]
        if len(others) < len(choices):
            cleaned = [{**choice, "nullable": True} for choice in cleaned]
        if len(cleaned) != 1:
            return {"anyOf": cleaned}
        return {**cleaned[0], **{name: schema[name] for name in ("title", "description") if name in schema}}


def _kinds(schema: _Schema) -> tuple[list[str], bool]:
    """Return the types of a schema without null, and whether null is one of them."""
    kind = schema.get("type")
    listed = kind if isinstance(kind, list) else [kind] if isinstance(kind, str) else []
    return [one for one in listed if isinstance(one, str) and one != "null"], "null" in listed


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
        listed = found.pop("enum")
        values = [value for value in listed if isinstance(value, str) and value] if isinstance(listed, list) else []
        if kind == "string" and values:
            found["enum"] = values
    if str(found.get("format")) not in FORMATS.get(kind, ()):
        found.pop("format", None)
    if isinstance(required := found.get("required"), list):
        known = properties if isinstance(properties := schema.get("properties"), dict) else {}
        found["required"] = [name for name in required if isinstance(name, str) and name in known]
        if not found["required"]:
            del found["required"]


def _merged(schema: _Schema, parts: list[Any], root: _Schema) -> _Schema:
    """Return a schema with the parts of its ``allOf`` in it, as far as they can be laid over each other."""
    found = {name: value for name, value in schema.items() if name != "allOf"}
    for given in parts:
        part = given if isinstance(given, dict) else {}
        if "$ref" in part:
            part = _resolved(part["$ref"], root)
        for name, value in part.items():
            before = found.get(name)
            if isinstance(value, dict) and isinstance(before, dict):
                found[name] = {**value, **before}
            elif name == "required" and isinstance(value, list) and isinstance(before, list):
                found[name] = [*before, *(one for one in value if one not in before)]
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

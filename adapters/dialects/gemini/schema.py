"""From OpenAPI's subset of JSON schemas, as Gemini's ``Schema`` has it, to a JSON schema.

Source: https://ai.google.dev/api/caching#Schema
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
_NUMBERS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
"""Numbers of 64 bits: Google writes these as texts as well."""
_LEFT_OUT = frozenset({"propertyOrdering", "nullable", "example"})
MAX_DEPTH = 64


def json_schema(value: Any, depth: int = 0) -> Any:
    """Return a schema as a JSON schema. What is none stays as it is, and so does what is nested deeper than any is."""
    if not isinstance(value, dict) or depth > MAX_DEPTH:
        return value
    found: Json = {}
    for name, inner in value.items():
        if name in _LEFT_OUT:
            continue
        if name == "type":
            found[name] = inner.lower() if isinstance(inner, str) else inner
        elif name in ("properties", "defs", "$defs") and isinstance(inner, dict):
            found[name] = {each: json_schema(schema, depth + 1) for each, schema in inner.items()}
        elif name in ("items", "additionalProperties"):
            found[name] = json_schema(inner, depth + 1)
        elif name in ("anyOf", "prefixItems") and isinstance(inner, list):
            found[name] = [json_schema(schema, depth + 1) for schema in inner]
        elif name in _NUMBERS and isinstance(inner, str) and inner.isdecimal() and len(inner) < 20:
            found[name] = int(inner)
        else:
            found[name] = inner
    return _nullable(found) if value.get("nullable") is True else found


def _nullable(schema: Json) -> Json:
    if isinstance(schema.get("anyOf"), list):
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    found = {**schema, "type": [schema["type"], "null"]} if isinstance(schema.get("type"), str) else schema
    return {**found, "enum": [*found["enum"], None]} if isinstance(found.get("enum"), list) else found

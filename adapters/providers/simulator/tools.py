"""The simulator's tool calls: when it calls, which function, and arguments that fit the function's schema."""

from __future__ import annotations

import math
from random import Random
from typing import Any

from .request import Asked, Function
from .words import WORDS

DEEPEST = 8
MOST = 10_000
_FORMATS = {
    "date": "2026-01-31",
    "time": "12:00:00Z",
    "date-time": "2026-01-31T12:00:00Z",
    "email": "keeper@sluice.example",
    "uri": "https://sluice.example/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
}


def tool_to_call(asked: Asked) -> Function | None:
    """Return the function to call: the one that is demanded, or that the last user message mentions by name."""
    functions = [tool.function for tool in asked.tools or () if tool.function is not None]
    choice = asked.tool_choice
    if not functions or choice == "none":
        return None
    if isinstance(choice, dict):
        named = choice.get("function")
        name = named.get("name") if isinstance(named, dict) else None
        return next((function for function in functions if function.name == name), None)
    said = asked.last.text if asked.last.role == "user" else ""
    mentioned = next((function for function in functions if function.name and function.name in said), None)
    return mentioned or (functions[0] if choice == "required" else None)


def example(schema: object, random: Random, root: dict[str, Any] | None = None, depth: int = 0) -> Any:
    """Return a value that fits a JSON schema, as far as the common keywords tell; ``pattern`` is not followed."""
    if not isinstance(schema, dict) or depth > DEEPEST:
        return None
    root = schema if root is None else root
    for keyword in ("const", "default"):
        if keyword in schema:
            return schema[keyword]
    if schema.get("enum"):
        return schema["enum"][0]
    inner = _other_schema(schema, root)
    if inner is not None:
        return example(inner, random, root, depth + 1)
    kind = _type_of(schema)
    if kind == "object":
        return _object(schema, random, root, depth)
    if kind == "array":
        count = int(_bound(schema, "minItems", 1))
        return [
            example(schema.get("items", {"type": "string"}), random, root, depth + 1)
            for _ in range(max(0, min(count, 16)))
        ]
    return _scalar(kind, schema, random)


def _other_schema(schema: dict[str, Any], root: dict[str, Any]) -> object:
    """Return the schema that this one stands for or may be replaced by, or None."""
    reference = schema.get("$ref")
    if reference == "#":
        return root
    if isinstance(reference, str) and reference.startswith("#/"):
        found: Any = root
        for step in reference[2:].split("/"):
            found = found.get(step) if isinstance(found, dict) else None
        return found
    for keyword in ("anyOf", "oneOf"):
        options = schema.get(keyword)
        if isinstance(options, list) and options:
            return next((option for option in options if _type_of(option) != "null"), options[0])
    every = schema.get("allOf")
    return _together(schema, every, root) if isinstance(every, list) and every else None


def _together(schema: dict[str, Any], every: list[Any], root: dict[str, Any]) -> dict[str, Any]:
    """Return one schema for what has to fit several: their properties together, and of all else the last word."""
    found: dict[str, Any] = {name: value for name, value in schema.items() if name != "allOf"}
    for part in every:
        inner = _other_schema(part, root) if isinstance(part, dict) else None
        for name, value in (inner if isinstance(inner, dict) else part if isinstance(part, dict) else {}).items():
            before = found.get(name)
            if isinstance(value, dict) and isinstance(before, dict):
                found[name] = {**before, **value}
            elif isinstance(value, list) and isinstance(before, list) and name == "required":
                found[name] = [*before, *value]
            else:
                found[name] = value
    return found


def _type_of(schema: object) -> str:
    kind = schema.get("type") if isinstance(schema, dict) else None
    if isinstance(kind, list):
        kind = next((entry for entry in kind if entry != "null"), "null")
    if isinstance(kind, str):
        return kind
    return "object" if isinstance(schema, dict) and "properties" in schema else "string"


def _object(schema: dict[str, Any], random: Random, root: dict[str, Any], depth: int) -> dict[str, Any]:
    properties = schema.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    required = schema.get("required")
    names = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
    return {name: example(properties.get(name, {}), random, root, depth + 1) for name in names or properties}


def _scalar(kind: str, schema: dict[str, Any], random: Random) -> str | int | float | bool | None:
    if kind in ("integer", "number"):
        return _number(schema, random)
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    text = _FORMATS.get(str(schema.get("format")), random.choice(WORDS))
    return text.ljust(int(_bound(schema, "minLength", 0)), "a")[: int(_bound(schema, "maxLength", MOST))]


def _number(schema: dict[str, Any], random: Random) -> int | float:
    """Return a whole number within the bounds, or their middle if there is none."""
    low = _bound(schema, "minimum", _bound(schema, "exclusiveMinimum", -MOST) + 1)
    high = _bound(schema, "maximum", _bound(schema, "exclusiveMaximum", MOST) - 1)
    if "minimum" not in schema and "exclusiveMinimum" not in schema:
        low = min(1, high)
    lowest, highest = math.ceil(low), math.floor(min(high, low + 10))
    return random.randint(lowest, highest) if lowest <= highest else (low + high) / 2


def _bound(schema: dict[str, Any], keyword: str, otherwise: float) -> float:
    """Return a bound, within reason."""
    value = schema.get(keyword)
    return value if isinstance(value, int | float) and abs(value) <= MOST else otherwise

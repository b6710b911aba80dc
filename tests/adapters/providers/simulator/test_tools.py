"""When the simulator calls a tool, and with what arguments."""

from random import Random

import msgspec
import pytest

from sluicegate.adapters.providers.simulator.request import Asked
from sluicegate.adapters.providers.simulator.tools import example, tool_to_call

TOOLS = [{"type": "function", "function": {"name": name}} for name in ("lift", "lower")]


def called(said: str = "Hello", role: str = "user", **fields: object) -> str | None:
    asked = msgspec.convert({"messages": [{"role": role, "content": said}], "tools": TOOLS, **fields}, Asked)
    function = tool_to_call(asked)
    return function.name if function is not None else None


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, None),
        ({"said": "please lower it"}, "lower"),
        ({"said": "please lower it", "role": "tool"}, None),
        ({"said": "please lower it", "tool_choice": "auto"}, "lower"),
        ({"said": "please lower it", "tool_choice": "none"}, None),
        ({"tool_choice": "required"}, "lift"),
        ({"said": "please lower it", "tool_choice": "required"}, "lower"),
        ({"tool_choice": {"type": "function", "function": {"name": "lower"}}}, "lower"),
        ({"tool_choice": {"type": "function", "function": {"name": "other"}}}, None),
        ({"tool_choice": "required", "tools": []}, None),
        ({"tool_choice": "required", "tools": None}, None),
    ],
)
def test_tool_is_called_when_it_is_mentioned_or_demanded(given, name):
    assert called(**given) == name


@pytest.mark.parametrize(
    ("schema", "fits"),
    [
        ({"type": "string"}, lambda value: isinstance(value, str) and value),
        ({"type": "string", "minLength": 20}, lambda value: len(value) >= 20),
        ({"type": "string", "maxLength": 2}, lambda value: len(value) <= 2),
        ({"type": "string", "enum": ["a", "b"]}, lambda value: value == "a"),
        ({"type": "string", "format": "date"}, lambda value: value == "2026-01-31"),
        ({"const": 5}, lambda value: value == 5),
        ({"type": "string", "default": "d"}, lambda value: value == "d"),
        ({"type": "integer"}, lambda value: type(value) is int),
        ({"type": "integer", "minimum": 5, "maximum": 5}, lambda value: value == 5),
        ({"type": "integer", "maximum": -5}, lambda value: value <= -5),
        ({"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 7}, lambda value: value == 6),
        ({"type": "number", "minimum": 0.25, "maximum": 0.75}, lambda value: value == 0.5),
        ({"type": "boolean"}, lambda value: value is True),
        ({"type": "null"}, lambda value: value is None),
        ({"type": ["null", "integer"]}, lambda value: type(value) is int),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 3}, lambda value: len(value) == 3),
        ({"type": "object"}, lambda value: value == {}),
        ({"properties": {"a": {"type": "null"}}}, lambda value: value == {"a": None}),
        (
            {"type": "object", "properties": {"a": {"type": "null"}, "b": {}}, "required": ["a"]},
            lambda value: value == {"a": None},
        ),
        ({"anyOf": [{"type": "null"}, {"const": 1}]}, lambda value: value == 1),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"const": 1}}}, lambda value: value == 1),
        ({"$ref": "#/nowhere"}, lambda value: isinstance(value, str)),
        ({}, lambda value: isinstance(value, str)),
    ],
)
def test_arguments_fit_their_schema(schema, fits):
    for seed in range(20):
        assert fits(example(schema, Random(seed)))


def test_schema_that_contains_itself_comes_to_an_end():
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["next"]}
    schema = {"$ref": "#/$defs/node", "$defs": {"node": node}}
    assert isinstance(example(schema, Random(0)), dict)


@pytest.mark.parametrize("strange", [None, [], "x", {"type": 3}, {"properties": []}, {"type": "array", "items": 5}])
def test_strange_schema_gives_something(strange):
    msgspec.json.encode(example(strange, Random(0)))

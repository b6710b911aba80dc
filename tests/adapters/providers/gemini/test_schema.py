"""JSON schemas in the subset of OpenAPI, which Google's own type takes."""

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.providers.gemini.schema import KEPT, subset_schema
from sluicegate.pipeline.errors import InvalidRequest


@pytest.mark.parametrize(
    ("schema", "subset"),
    [
        ({"type": "string", "minLength": 1, "$id": "x"}, {"type": "STRING", "minLength": 1}),
        ({"type": ["string", "null"]}, {"type": "STRING", "nullable": True}),
        ({"type": ["string", "integer"]}, {"anyOf": [{"type": "STRING"}, {"type": "INTEGER"}]}),
        ({"type": "string", "format": "email"}, {"type": "STRING"}),
        ({"type": "string", "format": "date-time"}, {"type": "STRING", "format": "date-time"}),
        ({"type": "integer", "format": "int64"}, {"type": "INTEGER", "format": "int64"}),
        ({"enum": ["a", "", "b"]}, {"type": "STRING", "enum": ["a", "b"]}),
        ({"type": "integer", "enum": [1, 2]}, {"type": "INTEGER"}),
        ({"const": "a"}, {"type": "STRING", "enum": ["a"]}),
        ({"type": "array"}, {"type": "ARRAY", "items": {"type": "STRING"}}),
        ({"items": {"type": "number"}}, {"type": "ARRAY", "items": {"type": "NUMBER"}}),
        ({"type": "object", "properties": {}, "required": ["a"]}, {"type": "OBJECT"}),
        (
            {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a", "b"]},
            {"type": "OBJECT", "properties": {"a": {"type": "BOOLEAN"}}, "required": ["a"]},
        ),
        (
            {"description": "d", "anyOf": [{"type": "string"}, {"type": "null"}]},
            {"type": "STRING", "description": "d", "nullable": True},
        ),
        (
            {"title": "t", "oneOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]},
            {"anyOf": [{"type": "STRING", "nullable": True}, {"type": "NUMBER", "nullable": True}]},
        ),
        (
            {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "string"}}, "description": "d"},
            {"type": "STRING", "description": "d"},
        ),
        ({"$ref": "https://a.example/schema"}, {}),
        (
            {
                "allOf": [
                    {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                    {"properties": {"b": {"type": "string"}}, "required": ["b"]},
                ]
            },
            {
                "type": "OBJECT",
                "properties": {"a": {"type": "STRING"}, "b": {"type": "STRING"}},
                "required": ["a", "b"],
            },
        ),
    ],
)
def test_schema_says_the_same_in_the_subset(schema, subset):
    found = subset_schema(schema)
    assert found == subset
    types.Schema.model_validate(found)


def test_references_in_a_circle_come_to_an_end():
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
    found = subset_schema({"$ref": "#/$defs/node", "$defs": {"node": node}})
    inner = {"type": "OBJECT", "properties": {"next": {"type": "OBJECT"}}}
    assert found == {"type": "OBJECT", "properties": {"next": inner}}


def test_references_that_multiply_are_refused():
    laughs = {f"n{i}": {"properties": {name: {"$ref": f"#/$defs/n{i + 1}"} for name in "abcdefgh"}} for i in range(20)}
    with pytest.raises(InvalidRequest, match="over 10000 schemas"):
        subset_schema({"$ref": "#/$defs/n0", "$defs": laughs})


_leaf = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
_names = st.sampled_from(
    ["type", "properties", "items", "anyOf", "oneOf", "allOf", "$ref", "$defs", "enum", "const", "required", "format"]
)
_types = st.sampled_from(["string", "object", "array", "null", "number", "#/$defs", "#"])
_schemas = st.recursive(
    _leaf | _types,
    lambda inner: st.dictionaries(_names, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=20,
)


@given(st.dictionaries(_names, _schemas, max_size=5))
def test_any_object_gives_one_with_known_keys(schema):
    assert subset_schema(schema).keys() <= KEPT | {"type", "items", "properties", "anyOf"}

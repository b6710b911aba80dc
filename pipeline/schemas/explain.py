"""What msgspec says of a wrong request, said to the caller: a path, and what was expected there.

msgspec reports ``Expected `str | array | null`, got `int` - at `$.messages[2].content```; the caller reads
``messages[2].content: expected a string or a list of parts, got a number``, and gets the path as ``param``.
"""

from __future__ import annotations

import re
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from ..errors import InvalidRequest
from .fields import NAME_PATTERN
from .responses import ResponsesRequest

_WHERE = re.compile(r" - at (?P<key>`key` in )?`\$(?P<path>.*)`\Z", re.DOTALL)
_TYPE = re.compile(r"Expected `(?P<expected>[^`]+)`, got `(?P<got>[^`]+)`")
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`")
_ENUM = re.compile(r"Invalid enum value (?P<value>.+)\Z", re.DOTALL)
_BOUND = re.compile(r"Expected `\w+` (?P<sign><=|>=) (?P<limit>-?[0-9.]+)\Z")
_LENGTH = re.compile(r"Expected `(?P<kind>\w+)` of length (?P<sign><=|>=) (?P<limit>[0-9]+)\Z")
_PATTERN = re.compile(r"Expected `str` matching regex (?P<pattern>.+)\Z", re.DOTALL)

_NOUNS = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}
_GOT = {**_NOUNS, "bool": "a boolean", "int": "a number", "float": "a number", "null": "null"}
_EXPECTED = {
    "content": "a string or a list of parts",
    "stop": "a string or a list of strings",
    "tool_choice": '"none", "auto", "required" or an object',
    "function_call": '"none", "auto" or an object',
    "input": "a string, a list of strings, a list of tokens or a list of lists of tokens",
    "items": "a string or a list of items",
    "prompt": "a string, a list of strings, a list of tokens or a list of lists of tokens",
}
"""Fields whose parts' types alone would say too little."""
SHOWN = 64
"""How long a wrong value or name of the caller's may be, in characters, to be shown to them in a message."""
_UNITS = {"str": ("characters", "string"), "array": ("items", "array"), "object": ("entries", "object")}


def explain(error: msgspec.ValidationError, schema: type[msgspec.Struct]) -> InvalidRequest:
    """Return the error to show for what msgspec found wrong while it decoded a ``schema``."""
    text = str(error)
    path, of_key = "", False
    if where := _WHERE.search(text):
        text, path, of_key = text[: where.start()], where["path"].lstrip("."), where["key"] is not None
    every = path.endswith("[...]")
    path = path.removesuffix("[...]")
    if match := _MISSING.match(text):
        path = f"{path}.{match['field']}" if path else match["field"]
        return InvalidRequest(f"{path}: required, but missing", param=path, code="missing_required_parameter")
    subject = (path or "the body") + (", each name" if of_key else ", each value" if every else "")
    said, code = _say(text, path, schema)
    return InvalidRequest(f"{subject}: {said}", param=path or None, code=code)


def _say(text: str, path: str, schema: type[msgspec.Struct]) -> tuple[str, str]:
    """Return the message for a problem, without its path, and its code."""
    if match := _TYPE.match(text):
        return _say_type(path, match["expected"].split(" | "), match["got"], schema), "invalid_type"
    if match := _BOUND.match(text):
        side = "at most" if match["sign"] == "<=" else "at least"
        return f"must be {side} {match['limit'].removesuffix('.0')}", "invalid_value"
    if match := _LENGTH.match(text):
        return _say_length(match["kind"], match["sign"], int(match["limit"]))
    if match := _ENUM.match(text):
        instead = f", not {match['value']}" if len(match["value"]) <= SHOWN else ""
        return f"must be one of {', '.join(_allowed_at(schema, path))}{instead}", "invalid_value"
    if (match := _PATTERN.match(text)) and match["pattern"] == repr(NAME_PATTERN):
        return "must be 1 to 64 letters, digits, underscores or dashes", "invalid_value"
    return text[0].lower() + text[1:], "invalid_value"


def _say_type(path: str, expected: list[str], got: str, schema: type[msgspec.Struct]) -> str:
    field = path.rpartition(".")[2]
    if schema is ResponsesRequest and path == "input":
        field = "items"
    nouns = _EXPECTED.get(field) if len(expected) > 2 or "array" in expected[1:] else None
    nouns = nouns or " or ".join(_NOUNS.get(name, name) for name in expected if name != "null")
    fraction = got == "float" and "int" in expected
    return f"expected {nouns}, got {'a number with a decimal point' if fraction else _GOT.get(got, got)}"


def _say_length(kind: str, sign: str, limit: int) -> tuple[str, str]:
    units, name = _UNITS.get(kind, ("items", kind))
    if sign == ">=":
        return "must not be empty", f"empty_{name}"
    return f"must have at most {limit} {units}", f"{name}_above_max_length"


def _allowed_at(schema: type[msgspec.Struct], path: str) -> list[str]:
    """Return the values that an enumeration allows, by the path of its field."""
    types: list[Any] = [schema]
    for name in re.findall(r"[A-Za-z_]\w*", path):
        structs = [kind for kind in _parts_of(types) if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
        types = [hints[name] for kind in structs if name in (hints := get_type_hints(kind))]
    values = (value for kind in _parts_of(types) if get_origin(kind) is Literal for value in get_args(kind))
    return list(dict.fromkeys(filter(None, values)))


def _parts_of(types: list[Any]) -> list[Any]:
    """Return types and all that they are made of, but not what a Literal lists."""
    found = []
    for kind in types:
        found.append(kind)
        if get_origin(kind) is not Literal:
            found.extend(_parts_of(list(get_args(kind))))
    return found

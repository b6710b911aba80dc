"""What is no JSON object in UTF-8 is refused with its place, wherever in the body it stands."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.schemas.decode import decode_whole, parse, type_body
from sluicegate.stages.filter import Filter, FilterSettings
from sluicegate.stages.validate import Validate, ValidateSettings

PREFIX = "the body is not valid JSON: "
HALF = "half of a surrogate pair in an escape"

MALFORMED = [
    (b" ", "the end came too early, at line 1, column 2 (byte 1)"),
    (b'{"a": 1', "the end came too early, at line 1, column 8 (byte 7)"),
    (b'{"a":\n  [1,, 2]}', "invalid character, at line 2, column 6 (byte 11)"),
    (b"{'a': 1}", "object keys must be strings, at line 1, column 2 (byte 1)"),
    (b'{"a": 1} x', "trailing characters, at line 1, column 10 (byte 9)"),
    (b'{"a": 1, }', "trailing comma in object, at line 1, column 10 (byte 9)"),
    (b'{"a": 01}', "invalid number, at line 1, column 8 (byte 7)"),
    (b'{"a": "\x01"}', "invalid character, at line 1, column 8 (byte 7)"),
    (b'{"a": "\\x"}', "invalid escaped character, at line 1, column 9 (byte 8)"),
    (b"\xef\xbb\xbf{}", "invalid character, at line 1, column 1 (byte 0)"),
    ('{"é": [nope]}'.encode(), "invalid character, at line 1, column 9 (byte 9)"),
    (b'{"deep": {"deeper": NaN}}', "NaN and Infinity are not JSON, at line 1, column 21 (byte 20)"),
    (b'{"a": Infinity}', "NaN and Infinity are not JSON, at line 1, column 7 (byte 6)"),
    (b'{"a": [-Infinity]}', "NaN and Infinity are not JSON, at line 1, column 9 (byte 8)"),
    (b'{"a": "\xff"}', "a byte that is not UTF-8, at line 1, column 8 (byte 7)"),
    (b'{"a":\n{"b": "\xed\xa0\x80"}}', "a byte that is not UTF-8, at line 2, column 8 (byte 13)"),
    (rb'{"a": "\ud800"}', f"{HALF}, at line 1, column 8 (byte 7)"),
    (rb'{"a": "x\udc00 and some more text"}', f"{HALF}, at line 1, column 9 (byte 8)"),
    (rb'{"a": "\ud800\u0041 and some more text"}', f"{HALF}, at line 1, column 8 (byte 7)"),
    (rb'{"a": "\\ud800 \ud800 and some more text"}', f"{HALF}, at line 1, column 16 (byte 15)"),
    (rb'{"\ud800 and some more text": 1}', f"{HALF}, at line 1, column 3 (byte 2)"),
]


@pytest.mark.parametrize(("body", "message"), MALFORMED)
def test_malformed_json_is_refused_with_line_and_column(body: bytes, message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(body)
    assert (refused.value.status, refused.value.code, refused.value.param) == (400, "invalid_json", None)
    assert refused.value.message == PREFIX + message


def test_empty_body_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="the body is empty: expected a JSON object") as refused:
        parse(b"")
    assert refused.value.code == "invalid_json"


@pytest.mark.parametrize(
    ("body", "got"), [(b"[]", "a list"), (b'"x"', "a string"), (b"1", "a number"), (b"null", "null")]
)
def test_body_that_is_no_object_is_refused(body: bytes, got: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(body)
    assert (refused.value.message, refused.value.code) == (f"the body: expected an object, got {got}", "invalid_type")


@pytest.mark.parametrize("bracket", [b"[", b'{"a":'])
def test_hundred_thousand_nested_values_are_refused_in_a_field_that_no_struct_knows(bracket: bytes) -> None:
    with pytest.raises(InvalidRequest, match="nested too deeply") as refused:
        parse(b'{"model": "m", "unknown": ' + bracket * 100_000)
    assert refused.value.code == "invalid_json"


def test_surrogate_pairs_and_escaped_backslashes_pass() -> None:
    assert bytes(parse(rb'{"a": "\ud83d\ude00 \\ud800"}')["a"]) == rb'"\ud83d\ude00 \\ud800"'


def test_last_of_duplicate_names_stays() -> None:
    assert {name: bytes(value) for name, value in parse(b'{"a": 1, "b": 2, "a": 3}').items()} == {"a": b"3", "b": b"2"}


def test_number_spelling_and_unknown_fields_stay() -> None:
    assert bytes(parse(b'{"x": {"y": [1.0, 1e2, 1E999, -0.0, 123456789012345678901234567890]}}')["x"]) == (
        b'{"y": [1.0, 1e2, 1E999, -0.0, 123456789012345678901234567890]}'
    )


def test_part_of_unknown_type_keeps_its_text_and_type_whatever_else_it_holds() -> None:
    parts = [
        {"type": "table", "text": {"rows": []}, "image_url": 3, "file": "x"},
        {"type": "thinking", "text": "hm", "refusal": 0},
        {"type": "text", "text": "hi"},
    ]
    typed = type_body("chat", json.dumps({"model": "m", "messages": [{"role": "user", "content": parts}]}).encode())
    assert [(part.type, part.text) for part in typed.messages[0].content] == [  # type: ignore[union-attr]  # is chat
        ("table", None),
        ("thinking", "hm"),
        ("text", "hi"),
    ]


BAD_PART = '[{"role": "user", "content": [{"type": "zz", "text": 5}]}]'


@pytest.mark.parametrize("last", ["5", "null", "{}", '"x"', "[5]", '[{"role": "user", "content": 5}]'])
def test_messages_that_stand_twice_are_refused_where_the_last_are_wrong(last: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        type_body("chat", f'{{"model": "m", "messages": {BAD_PART}, "messages": {last}}}'.encode())
    assert (refused.value.status, refused.value.param is not None) == (400, True)


def test_of_messages_that_stand_twice_the_last_are_taken() -> None:
    good = '[{"role": "user", "content": "hi"}]'
    typed = type_body("chat", f'{{"model": "m", "messages": {BAD_PART}, "messages": {good}}}'.encode())
    assert typed.messages[0].content == "hi"  # type: ignore[union-attr]  # is chat


@pytest.mark.parametrize("number", ["1e400", "-1e400", "5" * 5000])
def test_number_out_of_range_is_refused_where_it_has_to_be_read(number: str) -> None:
    with pytest.raises(InvalidRequest, match="a number in it is out of range") as refused:
        decode_whole(parse(f'{{"x": [{number}]}}'.encode())["x"])
    assert refused.value.code == "invalid_json"


VALUES = st.recursive(
    st.sampled_from(["null", "true", "5", "-0", "1e400", "5" * 5000, '"text"', '"zz"', '"user"', "[]", "{}"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")
        | st.lists(
            st.tuples(st.sampled_from(["model", "messages", "role", "content", "type", "text", "x"]), inner), max_size=6
        ).map(lambda items: "{" + ",".join(f'"{name}":{value}' for name, value in items) + "}")
    ),
    max_leaves=12,
)


@given(st.lists(st.tuples(st.sampled_from(["messages", "tools", "x"]), VALUES), max_size=4), st.booleans())
def test_whatever_stands_twice_a_body_is_taken_or_refused(fields: list[tuple[str, str]], strict: bool) -> None:
    pairs = "".join(f', "{name}": {value}' for name, value in fields)
    body = f'{{"model": "m", "messages": {BAD_PART}{pairs}}}'.encode()
    exchange = Exchange(Request("chat", body), deadline=60.0, started=0.0)
    with contextlib.suppress(InvalidRequest):
        Validate(ValidateSettings(strict=strict), Resources()).judge(exchange)
        Filter(FilterSettings(blocked_words=("bad",)), Resources()).judge(exchange)

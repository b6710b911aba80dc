"""Error bodies as real servers write them."""

import msgspec
import pytest

from sluicegate.adapters.providers.problem import MAX_LABEL, MAX_MESSAGE, MAX_TEXT, Problem, read_problem


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            b'{"error":{"message":"m","type":"t","param":"p","code":"c"}}',
            Problem("m", "t", "c", "p"),
        ),
        (b'{"error":{"message":"Loading model","type":"t","code":503}}', Problem("Loading model", "t", status=503)),
        (b'{"error":{"message":"m","type":null,"param":null,"code":null}}', Problem("m")),
        (b'{"error":"m","error_type":"overloaded"}', Problem("m", "overloaded")),
        (b'{"error":"m","code":"c"}', Problem("m", code="c")),
        (
            b'{"object":"error","message":"m","type":"BadRequestError","code":400}',
            Problem("m", "BadRequestError", status=400),
        ),
        (b'{"message":{"a":1}}', Problem('{"a":1}')),
        (b'{"message":{"message":"m"}}', Problem("m")),
        (b'{"detail":"m"}', Problem("m")),
        (
            b'{"detail":[{"loc":["body","messages",0],"msg":"field required","type":"missing"}]}',
            Problem("messages.0: field required", param="messages.0"),
        ),
        (b'{"errors":[{"message":"m"}]}', Problem("m")),
        (b'{"title":"m"}', Problem("m")),
        (b'{"description":"m"}', Problem("m")),
        (b'[{"error":{"message":"m","code":400}}]', Problem("m", status=400)),
        (b'"m"', Problem("m")),
        (b"{}", Problem()),
        (b"[]", Problem()),
        (b"null", Problem()),
        (b"", Problem(structured=False)),
        (b"  404 page\n not found ", Problem("404 page not found", structured=False)),
        (b"<html><TITLE> Bad\nGateway </TITLE>", Problem("a page titled 'Bad\\nGateway'", structured=False)),
        (b" <html>", Problem("a page without a title", structured=False)),
        (b"\xff\xfe", Problem("\ufffd\ufffd", structured=False)),
    ],
)
def test_every_shape_is_read(body, problem):
    assert read_problem(body) == problem


def test_long_text_is_shortened():
    assert len(read_problem(b"x" * 100_000).message) == MAX_TEXT
    assert len(read_problem(b'"' + b"x" * 100_000 + b'"').message) == MAX_MESSAGE
    assert len(read_problem(b'{"error":{"message":"' + b"x" * 100_000 + b'"}}').message) == MAX_MESSAGE


def test_deep_nesting_is_text():
    assert read_problem(b"[" * 100_000) == Problem("[" * MAX_TEXT, structured=False)


def test_codes_and_types_that_are_no_short_names_are_left_out():
    for odd in ("c" * (MAX_LABEL + 1), "two words", "line\nbreak", "\x1b[31m", "é", "", 7, ["c"]):
        body = msgspec.json.encode({"error": {"message": "m", "type": odd, "code": odd, "param": odd}})
        assert read_problem(body) == Problem("m")
        assert read_problem(msgspec.json.encode({"error": "m", "error_type": odd})) == Problem("m")
    name = "c" * MAX_LABEL
    body = msgspec.json.encode({"error": {"message": "m", "type": name, "code": "a.b-c_1", "param": "messages[0].a"}})
    assert read_problem(body) == Problem("m", name, "a.b-c_1", "messages[0].a")


def test_a_path_made_of_a_long_list_is_left_out():
    body = msgspec.json.encode({"detail": [{"loc": ["x"] * 1000, "msg": "no"}]})
    assert read_problem(body).param is None

"""Forms at any boundaries, and what is none."""

import pytest

from sluicegate.adapters.multipart.reader import MAX_PARTS, FormReader, PartHead, boundary_of
from sluicegate.pipeline.errors import InvalidRequest

BOUNDARY = b"xyz"
FORM = (
    b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a b.mp3"\r\nContent-Type: audio/mpeg\r\n\r\n'
    b'\x00\xff\r\n--xy\r\n-\r\n--xyz\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper\r\n--xyz--\r\n'
)
WHOLE = [("file", "a b.mp3", "audio/mpeg", b"\x00\xff\r\n--xy\r\n-"), ("model", None, "", b"whisper")]


def part(head: bytes, body: bytes = b"x") -> bytes:
    return b"--xyz\r\n" + head + b"\r\n\r\n" + body + b"\r\n"


def read(*pieces: bytes) -> list[tuple[str, str | None, str, bytes]]:
    """Return the parts of a form that comes in these pieces."""
    reader = FormReader(BOUNDARY)
    parts = []
    head, body = PartHead("", None, ""), b""
    for piece in pieces:
        for event in reader.feed(piece):
            if isinstance(event, PartHead):
                head, body = event, b""
            elif event is None:
                parts.append((head.name, head.filename, head.media_type, body))
            else:
                body += event
    reader.finish()
    return parts


@pytest.mark.parametrize("at", range(len(FORM) + 1))
def test_a_form_may_come_in_two_pieces_that_are_parted_anywhere(at):
    assert read(FORM[:at], FORM[at:]) == WHOLE


def test_a_form_may_come_byte_by_byte():
    assert read(*(FORM[at : at + 1] for at in range(len(FORM)))) == WHOLE


@pytest.mark.parametrize("end", range(0, len(FORM) - len(b"--\r\n"), 7))
def test_a_form_that_ends_too_early_is_refused(end):
    with pytest.raises(InvalidRequest, match="final boundary is missing"):
        read(FORM[:end])


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"hello", "boundary"),
        (b"--xyzother\r\n\r\n", "boundary"),
        (part(b"Content-Disposition: form-data; name=m\r\nX: " + b"y" * 5000), "header size"),
        (part(b"\r\n".join([b"Content-Disposition: form-data; name=m", *[b"X: y"] * 20])), "header count"),
        (part(b"Content-Disposition: form-data"), "with a name"),
        (part(b"Content-Type: text/plain"), "with a name"),
        (part(b"Content-Disposition: attachment; name=m"), "form-data with a name"),
        (part(b'Content-Disposition: form-data; name="\xff"'), "not UTF-8"),
        (part(b"Content-Disposition: form-data; name=" + b"n" * 300), "256 characters"),
        (part(b"Content-Disposition: form-data; name=m") * (MAX_PARTS + 1), "more than 64 parts"),
    ],
)
def test_what_is_wrong_with_a_form_is_named(body, told):
    with pytest.raises(InvalidRequest, match=f"not valid multipart/form-data.*{told}") as raised:
        read(body + b"--xyz--\r\n")
    assert raised.value.code == "invalid_multipart"


def test_names_may_be_of_any_script():
    assert read(part('Content-Disposition: form-data; name="f"; filename="wörter 水.mp3"'.encode()) + b"--xyz--")[0][
        1
    ] == ("wörter 水.mp3")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (b"filename*=UTF-8''w%C3%B6rter%20%e6%b0%b4.mp3", "wörter 水.mp3"),
        (b"FileName* = utf-8'en'a.mp3; filename=other.mp3", "a.mp3"),
        (b"filename=\"x;y\"; filename*=iso-8859-1''%A3.mp3", "£.mp3"),
        (b"filename=\"; filename*=UTF-8''not.mp3\"", "; filename*=UTF-8''not.mp3"),
    ],
)
def test_file_may_be_named_in_the_extended_way(given, name):
    found = read(part(b"Content-Disposition: form-data; name=f; " + given) + b"--xyz--")
    assert found == [("f", name, "", b"x")]


@pytest.mark.parametrize("given", [b"x.mp3", b"koi8-r''a", b"UTF-8''%FF", b"UTF-8''%f", b"UTF-8''", b""])
def test_extended_name_that_is_none_is_refused(given):
    with pytest.raises(InvalidRequest, match=r"filename\*"):
        read(part(b"Content-Disposition: form-data; name=f; filename*=" + given) + b"--xyz--")


@pytest.mark.parametrize("before", [b"\r\n", b"for those without MIME\r\n", b"a --xyz\r\n-\r\n--xy\r\n\r\n"])
@pytest.mark.parametrize("after", [b"", b"epilogue", b"\r\n--xyz\r\nno\r\n"])
def test_what_stands_before_and_behind_a_form_is_passed_over(before, after):
    form = before + FORM + after
    assert read(form) == WHOLE
    assert read(*(form[at : at + 1] for at in range(len(form)))) == WHOLE


def test_long_preamble_takes_no_memory():
    reader = FormReader(BOUNDARY)
    for _ in range(100):
        assert reader.feed(b"\r\n--xy" * 1000) == []
    assert len(reader._before) < 20
    assert len(reader.feed(b"\r\n" + FORM)) > 2


def test_a_boundary_may_be_quoted():
    assert boundary_of('multipart/form-data; charset=utf-8; boundary="a b"') == b"a b"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("", "says nothing"),
        ("application/json", "says application/json"),
        ("multipart/form-data", "no boundary"),
        ("multipart/form-data; boundary=" + "x" * 71, "no boundary of 1 to 70"),
    ],
)
def test_a_content_type_without_a_boundary_is_refused(given, told):
    with pytest.raises(InvalidRequest, match=told):
        boundary_of(given)

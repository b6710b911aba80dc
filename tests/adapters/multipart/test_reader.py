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
        (b"--other\r\n\r\n", "boundary"),
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

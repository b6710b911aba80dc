"""Forms from bytes that come at any boundaries. No I/O: the parser is that of python-multipart.

Source: https://www.rfc-editor.org/rfc/rfc7578
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from sluicegate.pipeline.errors import InvalidRequest

MAX_PARTS = 64
"""Parts of one form. The API has 16 images at most, and some twenty fields."""
MAX_HEADERS = 8
MAX_HEADER = 4096
"""How many headers a part may have, and bytes of each."""
MAX_NAME = 256
"""Characters of a field's name, and of a file's."""

_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_EXTENDED = re.compile(r";\s*filename\*\s*=\s*([^;\s]*)", re.IGNORECASE)
_VALUE = re.compile(r"(utf-8|iso-8859-1)'[A-Za-z0-9-]*'((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-Fa-f]{2})+)", re.IGNORECASE)
"""RFC 8187, section 3.2."""

# It warns of each malformed body, which anybody may send; the answer says what is wrong with it.
logging.getLogger("python_multipart.multipart").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class PartHead:
    """The beginning of a part. ``filename`` is None where it is no file."""

    name: str
    filename: str | None
    media_type: str


Event = PartHead | bytes | None
"""The beginning of a part, bytes of the part that has begun, or None for its end."""


def malformed(what: str) -> InvalidRequest:
    """Return the error for a form that is none."""
    return InvalidRequest(f"the body is not valid multipart/form-data: {what}", code="invalid_multipart")


def boundary_of(content_type: str) -> bytes:
    """Return the boundary that a ``Content-Type`` names. Raises InvalidRequest where it is none of a form's."""
    media_type, options = parse_options_header(content_type)
    if media_type != b"multipart/form-data":
        given = media_type.decode("latin-1")[:80] or "nothing"
        raise InvalidRequest(
            f"this path takes multipart/form-data (curl -F), and the content-type says {given}",
            code="unsupported_media_type",
        )
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:
        raise malformed("the content-type has no boundary of 1 to 70 characters")
    return boundary


class FormReader:
    """Turns the bytes of one form into events.

    Args:
        boundary: What parts it.
    """

    def __init__(self, boundary: bytes) -> None:
        self._events: list[Event] = []
        self._opening = b"\r\n--" + boundary
        # The first boundary may be the beginning; whatever stands before it is for nobody (RFC 2046, section 5.1.1).
        self._before: bytes | None = b"\r\n"
        self._header = bytearray()
        self._value = bytearray()
        self._headers: dict[str, str] = {}
        self._parts = 0
        self._complete = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._field,
                "on_header_value": self._content,
                "on_header_end": self._header_end,
                "on_headers_finished": self._head,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._finish,
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER,
        )

    def feed(self, data: bytes) -> list[Event]:
        """Return what these bytes complete.

        Raises:
            InvalidRequest: They are not of a form, or of one with too many parts or too long headers.
        """
        self._events = []
        if data := self._from_first_boundary(data):
            try:
                self._parser.write(data)
            except FormParserError as error:
                raise malformed(f"{str(error)[:1].lower()}{str(error)[1:200]}") from error
        return self._events

    def finish(self) -> None:
        """Say that no more bytes come. Raises InvalidRequest if the form is not complete."""
        if not self._complete:
            raise malformed("its final boundary is missing")

    def _from_first_boundary(self, data: bytes) -> bytes:
        """Return the bytes from the first boundary on, or none as long as there is none."""
        if self._before is None:
            return data
        seen = self._before + data
        at = seen.find(self._opening)
        if at < 0:
            self._before = seen[-len(self._opening) :]
            return b""
        self._before = None
        return seen[at + 2 :]

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise malformed(f"it has more than {MAX_PARTS} parts, the limit")
        self._headers = {}

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _content(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._header.decode("latin-1").strip().lower()] = self._value.decode("latin-1")
        self._header.clear()
        self._value.clear()

    def _head(self) -> None:
        disposition, options = parse_options_header(self._headers.get("content-disposition", ""))
        raw = options.get(b"name")
        if disposition != b"form-data" or not raw:
            raise malformed("a part has no content-disposition of form-data with a name")
        name = _recoded(raw)
        filename = _extended_filename(self._headers["content-disposition"])
        if filename is None and b"filename" in options:
            filename = _recoded(options[b"filename"])
        if len(name) > MAX_NAME or len(filename or "") > MAX_NAME:
            raise malformed(f"the name of a field or of a file has more than {MAX_NAME} characters, the limit")
        self._events.append(PartHead(name, filename, self._headers.get("content-type", "")[:MAX_NAME]))

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(data[start:end])

    def _end(self) -> None:
        self._events.append(None)

    def _finish(self) -> None:
        self._complete = True


def _extended_filename(disposition: str) -> str | None:
    """Return the name in ``filename*``, which some clients send for one that is not ASCII, or None where there is none.

    Raises:
        InvalidRequest: It is none, by RFC 8187.
    """
    found = _EXTENDED.search(_QUOTED.sub('""', disposition))
    if found is None:
        return None
    if (value := _VALUE.fullmatch(found[1])) is None:
        raise malformed("the filename* of a part is not one of UTF-8 or ISO-8859-1, percent-encoded")
    try:
        return unquote_to_bytes(value[2]).decode(value[1])
    except UnicodeDecodeError as error:
        raise malformed(f"the filename* of a part is not {value[1]}") from error


def _recoded(raw: bytes) -> str:
    """Return a parameter, which the parser's own function takes apart as Latin-1, and is UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise malformed("the name of a field or of a file is not UTF-8") from error

"""AWS's binary event stream, from bytes that come at any boundaries. No I/O.

A message is its whole length, the length of its headers, and the checksum of these eight bytes; then the headers, the
payload, and the checksum of all of it. Numbers are big-endian, checksums those of gzip:
https://smithy.io/2.0/aws/amazon-eventstream.html. A length is believed only after its checksum. A stream that ends amid
a message was cut.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID
from zlib import crc32

from sluicegate.pipeline.errors import StreamInterrupted, UpstreamError

from .decoder import ItemDecoder

MAX_MESSAGE = 16 * 1024 * 1024
MAX_HEADERS = 128 * 1024
"""Bytes that the headers of one message may have, by AWS's own rules."""

HeaderValue = bool | int | bytes | str | UUID
"""A header's value. A timestamp is an integer: milliseconds since the epoch."""

_LENGTHS = struct.Struct(">II")
_CRC = struct.Struct(">I")
_COUNT = struct.Struct(">H")
_PRELUDE = _LENGTHS.size + _CRC.size
_FRAME = _PRELUDE + _CRC.size
"""Bytes of a message that has neither headers nor payload."""


class EventMessage(NamedTuple):
    """One message."""

    headers: dict[str, HeaderValue]
    payload: bytes


class EventStreamDecoder(ItemDecoder[EventMessage]):
    """Turns the bytes of one stream into messages.

    Args:
        source: Who sends the stream, for messages.
        max_message: Bytes that one message may have, with all that is around its payload.
        max_headers: Bytes that its headers may have.
    """

    def __init__(
        self, source: str = "the upstream", *, max_message: int = MAX_MESSAGE, max_headers: int = MAX_HEADERS
    ) -> None:
        super().__init__(source)
        self._max_message = max_message
        self._max_headers = max_headers
        self._held = bytearray()
        self._wanted = _PRELUDE

    def _take(self, data: bytes, items: list[EventMessage]) -> None:
        held = self._held
        held += data
        while len(held) >= self._wanted:
            if self._wanted == _PRELUDE:
                self._wanted = self._length()
            else:
                message = bytes(held[: self._wanted])
                del held[: self._wanted]
                self._wanted = _PRELUDE
                items.append(self._message(message))

    def _end(self, items: list[EventMessage]) -> None:
        if self._held:
            raise StreamInterrupted(f"the stream of {self._source} ended amid a message")

    def _length(self) -> int:
        """Return the length that the message under way says it has."""
        total, headers = _LENGTHS.unpack_from(self._held)
        if crc32(self._held[: _LENGTHS.size]) != _CRC.unpack_from(self._held, _LENGTHS.size)[0]:
            raise self._malformed("the checksum of a message's lengths is wrong")
        if total > self._max_message:
            raise self._over("a message", self._max_message)
        if headers > self._max_headers:
            raise self._over("headers", self._max_headers)
        if total < _FRAME + headers:
            raise self._malformed("a message is shorter than its headers")
        return int(total)

    def _message(self, data: bytes) -> EventMessage:
        if crc32(data[: -_CRC.size]) != _CRC.unpack_from(data, len(data) - _CRC.size)[0]:
            raise self._malformed("the checksum of a message is wrong")
        end = _PRELUDE + _LENGTHS.unpack_from(data)[1]
        try:
            headers = _headers(data[_PRELUDE:end])
        except (struct.error, UnicodeDecodeError, ValueError) as error:
            raise self._malformed(f"the headers of a message are wrong ({error})") from error
        return EventMessage(headers, data[end : -_CRC.size])

    def _malformed(self, reason: str) -> UpstreamError:
        return UpstreamError(f"the stream of {self._source} is no AWS event stream: {reason}")


def _headers(data: bytes) -> dict[str, HeaderValue]:
    """Return the headers.

    Raises:
        struct.error: They end amid a value.
        ValueError: They are wrong otherwise.
    """
    headers: dict[str, HeaderValue] = {}
    at = 0
    while at < len(data):
        name_end = at + 1 + data[at]
        name = data[at + 1 : name_end].decode()
        if not name or name in headers:
            raise ValueError("a name is empty, or there twice")
        (kind,) = struct.unpack_from("B", data, name_end)
        if kind >= len(_READERS):
            raise ValueError(f"there is no type {kind}")
        headers[name], at = _READERS[kind](data, name_end + 1)
    return headers


_Reader = Callable[[bytes, int], tuple[HeaderValue, int]]


def _constant(value: bool) -> _Reader:
    return lambda data, at: (value, at)


def _number(form: str) -> _Reader:
    layout = struct.Struct(form)
    return lambda data, at: (layout.unpack_from(data, at)[0], at + layout.size)


def _blob(data: bytes, at: int) -> tuple[bytes, int]:
    (size,) = _COUNT.unpack_from(data, at)
    start = at + _COUNT.size
    if start + size > len(data):
        raise ValueError("a value is longer than the headers")
    return data[start : start + size], start + size


def _text(data: bytes, at: int) -> tuple[str, int]:
    value, end = _blob(data, at)
    return value.decode(), end


def _uuid(data: bytes, at: int) -> tuple[UUID, int]:
    return UUID(bytes=struct.unpack_from("16s", data, at)[0]), at + 16


_READERS: tuple[_Reader, ...] = (
    _constant(True),
    _constant(False),
    _number(">b"),
    _number(">h"),
    _number(">i"),
    _number(">q"),
    _blob,
    _text,
    _number(">q"),
    _uuid,
)
"""By type: true, false, byte, short, integer, long, bytes, text, timestamp, UUID."""

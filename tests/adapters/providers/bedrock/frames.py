"""Messages of AWS's event streams, written by hand."""

import struct
from zlib import crc32

import msgspec

TEXT = 7
"""The type of a header whose value is text."""


def message(kind: str, payload: object, *, exception: bool = False) -> bytes:
    """Return an event, or an exception, with its payload."""
    name, what = (":exception-type", "exception") if exception else (":event-type", "event")
    return framed(
        {name: kind, ":content-type": "application/json", ":message-type": what}, msgspec.json.encode(payload)
    )


def framed(headers: dict[str, str], payload: bytes) -> bytes:
    """Return one message."""
    written = b"".join(
        bytes([len(name)]) + name.encode() + bytes([TEXT]) + struct.pack(">H", len(value.encode())) + value.encode()
        for name, value in headers.items()
    )
    lengths = struct.pack(">II", 16 + len(written) + len(payload), len(written))
    head = lengths + struct.pack(">I", crc32(lengths)) + written + payload
    return head + struct.pack(">I", crc32(head))

"""What a request in OpenAI's API asks of its stream: how many answers, and whether their tokens are told."""

from __future__ import annotations

import msgspec

_encode = msgspec.json.Encoder().encode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_TRUE = msgspec.Raw(b"true")
_ALWAYS_USAGE = msgspec.Raw(b'{"include_usage":true}')


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


def with_usage(options: msgspec.Raw | None) -> msgspec.Raw:
    """Return stream options that ask for usage, whatever else they ask for: the accounts need it."""
    if options is None or bytes(options) == b"null":
        return _ALWAYS_USAGE
    try:
        return msgspec.Raw(_encode({**_decode_fields(options), "include_usage": _TRUE}))
    except msgspec.DecodeError:
        return _ALWAYS_USAGE  # not an object: `validate` is not in the pipeline


def wants_usage(fields: dict[str, msgspec.Raw]) -> bool:
    """Say whether the client asked for the chunk that holds nothing but usage."""
    raw = fields.get("stream_options")
    if raw is None:
        return False
    try:
        options = msgspec.json.decode(raw, type=_StreamOptions | None)
    except msgspec.DecodeError:
        return False
    return options is not None and bool(options.include_usage)


def choices_in(fields: dict[str, msgspec.Raw]) -> int:
    """Return how many answers were asked for."""
    raw = fields.get("n")
    try:
        return max(1, msgspec.json.decode(raw, type=int)) if raw is not None else 1
    except msgspec.DecodeError:
        return 1

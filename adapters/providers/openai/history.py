"""Take out of a chat's history what answers carry but OpenAI's own API refuses in requests.

Clients send back what they were answered. Keys that other providers or gateways add to an answer are an error 400
there. Values are left as the bytes they came as; a history without such keys costs a few searches of bytes.
"""

from __future__ import annotations

import msgspec

_MESSAGE_KEYS = ("reasoning_content", "citations", "provider_specific_fields", "thinking_blocks")
_PART_KEY = "cache_control"
_CALL_KEY = "index"
_TELLTALES = tuple(f'"{key}"'.encode() for key in (*_MESSAGE_KEYS, _PART_KEY, _CALL_KEY))
_Fields = dict[str, msgspec.Raw]
_decode_list = msgspec.json.Decoder(list[_Fields]).decode
_encode = msgspec.json.encode


def strip_history(messages: msgspec.Raw) -> msgspec.Raw:
    """Return the messages without the keys that OpenAI refuses; the same object if there are none."""
    raw = bytes(messages)
    if not any(telltale in raw for telltale in _TELLTALES):
        return messages
    try:
        return msgspec.Raw(_encode([_strip_message(message) for message in _decode_list(raw)]))
    except (msgspec.DecodeError, RecursionError):
        return messages  # not of a shape we know: OpenAI may judge it


def _strip_message(message: _Fields) -> _Fields:
    for key in _MESSAGE_KEYS:
        message.pop(key, None)
    _strip_entries(message, "content", _PART_KEY)
    _strip_entries(message, "tool_calls", _CALL_KEY)
    return message


def _strip_entries(message: _Fields, field: str, key: str) -> None:
    """Take ``key`` out of each entry of the list ``field``, if it is a list."""
    raw = bytes(message.get(field, b""))
    if not raw.startswith(b"[") or f'"{key}"'.encode() not in raw:
        return
    entries = _decode_list(raw)
    for entry in entries:
        entry.pop(key, None)
    message[field] = msgspec.Raw(_encode(entries))

"""Write a request's fields as a provider of the family takes them, and note what is left out."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from sluicegate.pipeline.form.sides import Dropped

from .messages import Fields, text_in, write_messages
from .profile import Profile

_SAYS_NOTHING = frozenset({b"null", b"false", b"[]", b"{}", b'""'})
_STANDARD_TYPES = frozenset({"custom", "allowed_tools"})
"""Types of tools, and of choices among them, that OpenAI has and others lack."""
_ALWAYS = frozenset({"model", "messages", "stream"})
_decode_fields = msgspec.json.Decoder(Fields).decode
_decode_list = msgspec.json.Decoder(list[Fields]).decode
_encode = msgspec.json.encode


def write_chat(fields: Fields, profile: Profile, dropped: Dropped) -> None:
    """Change a chat's fields in place.

    Raises:
        InvalidRequest: One of them changes the meaning, and the provider lacks it; or ``strict`` is set.
    """
    if "messages" in fields:
        fields["messages"] = write_messages(fields["messages"], profile.messages, dropped)
    if profile.one_choice and "n" in fields and bytes(fields.pop("n")) not in (b"1", b"null"):
        raise dropped.unsupported("n")
    for name in profile.refuses:
        if name in fields and not says_nothing(fields.pop(name)):
            raise dropped.unsupported(name)
    if not profile.tool_types:
        _check_tools(fields, dropped)
    _rename(fields, profile.renames)
    for name, words in profile.values.items():
        _reword(fields, name, words, dropped)
    if profile.stop_list and text_in(fields.get("stop")):
        fields["stop"] = msgspec.Raw(_encode([text_in(fields["stop"])]))
    if not profile.stream_options:
        fields.pop("stream_options", None)
    _drop(fields, profile.drops, dropped)
    if profile.allowed is not None:
        _drop(fields, fields.keys() - profile.allowed - _ALWAYS, dropped)


def write_embedding(fields: Fields, profile: Profile, dropped: Dropped) -> None:
    """Change in place what asks for embeddings. Raises InvalidRequest where ``strict`` is set."""
    if not profile.base64:
        fields.pop("encoding_format", None)
    _rename(fields, profile.embedding_renames)
    _drop(fields, profile.embedding_drops, dropped)


def says_nothing(raw: msgspec.Raw) -> bool:
    """Say whether a value is as good as none."""
    return bytes(raw) in _SAYS_NOTHING


def _drop(fields: Fields, names: frozenset[str] | set[str], dropped: Dropped) -> None:
    for name in sorted(fields.keys() & names):
        if not says_nothing(fields.pop(name)):
            dropped.drop(name)


def _rename(fields: Fields, names: Mapping[str, str]) -> None:
    for name, theirs in names.items():
        if name not in fields:
            continue
        value = fields.pop(name)
        if theirs not in fields or says_nothing(fields[theirs]):
            fields[theirs] = value


def _reword(fields: Fields, name: str, words: Mapping[str, str | None], dropped: Dropped) -> None:
    said = text_in(fields.get(name))
    if said not in words:
        return
    theirs = words[said]
    if theirs is not None:
        fields[name] = msgspec.Raw(_encode(theirs))
        return
    del fields[name]
    dropped.drop(name)


def _check_tools(fields: Fields, dropped: Dropped) -> None:
    """Refuse tools and choices that only OpenAI has. What is of no shape we know, the provider may judge."""
    try:
        tools = _decode_list(fields["tools"]) if bytes(fields.get("tools", b"")).startswith(b"[") else []
        choice = _decode_fields(fields["tool_choice"]) if bytes(fields.get("tool_choice", b"")).startswith(b"{") else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    for name, kinds in (("tools", [tool.get("type") for tool in tools]), ("tool_choice", [choice.get("type")])):
        for kind in kinds:
            if text_in(kind) in _STANDARD_TYPES:
                raise dropped.unsupported(f"{name}.{text_in(kind)}")
